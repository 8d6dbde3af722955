import type { FlushCall } from "./flushRecorder.js";
import type { Range } from "./operationLog.js";

export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

export function rangeText(range: Range | null): string {
  return range ? `${hex(range.iova)} + ${hex(range.bytes)} by ${hex(range.pageSize)}` : "empty";
}

export function flushText(calls: readonly FlushCall[]): string {
  if (calls.length === 0) return "no flush";
  return calls
    .map(({ call, iova, bytes, granule }) => `${call} ${rangeText({ iova, bytes, pageSize: granule })}`)
    .join(", ");
}
