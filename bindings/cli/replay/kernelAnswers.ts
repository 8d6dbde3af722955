import type { ErrorCode, MapResult } from "../../index.js";
import type { Differences } from "./differences.js";
import { hex, rangeText } from "./hexText.js";
import type { LoggedOperation, Range } from "./operationLog.js";

const ERRNO: Readonly<Record<ErrorCode, number>> = {
  ENOENT: -2,
  ENOMEM: -12,
  EFAULT: -14,
  EBUSY: -16,
  EEXIST: -17,
  EINVAL: -22,
  ERANGE: -34,
  ENOTSUP: -95,
};

/** Compares the result of one of Linux's map calls with the kernel's. */
export function checkMap(operation: LoggedOperation, { mapped, error }: MapResult, to: Differences): void {
  const { line, iova, paddr, pageSize, count, bytes } = operation;
  const errno = error === null ? 0 : ERRNO[error];
  to.check("map", mapped === bytes && errno === operation.error, line, () => ({
    what: `map ${hex(iova)} to ${hex(paddr)}, ${count} x ${hex(pageSize)}`,
    expected: `${hex(bytes)} mapped, returns ${operation.error}`,
    got: `${hex(mapped)} mapped, returns ${errno}`,
  }));
}

/** Compares the result of one of Linux's unmap calls with the kernel's. */
export function checkUnmap(operation: LoggedOperation, unmapped: number, to: Differences): void {
  const { line, iova, pageSize, count, bytes } = operation;
  to.check("unmap", unmapped === bytes, line, () => ({
    what: `unmap ${hex(iova)}, ${count} x ${hex(pageSize)}`,
    expected: `${hex(bytes)} unmapped`,
    got: `${hex(unmapped)} unmapped`,
  }));
}

export function sameRange(a: Range | null, b: Range | null): boolean {
  return a?.iova === b?.iova && a?.bytes === b?.bytes;
}

/** What a gather held when the kernel's unmap began; `same` compares with our own. */
export function checkGatherAtEntry(
  line: number,
  ours: Range | null,
  kernels: Range,
  same: (a: Range | null, b: Range | null) => boolean,
  differences: Differences,
): void {
  differences.check("gather", same(ours, kernels), line, () => ({
    what: "the gather at the entry of an unmap",
    expected: rangeText(kernels),
    got: rangeText(ours),
  }));
}
