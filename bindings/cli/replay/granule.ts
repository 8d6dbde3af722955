import { Op } from "./operationLog.js";
import type { TraceRecord } from "./record.js";

/** The largest of these granules, ascending, that all requests of a record keep to; the smallest where none is. */
export function granuleOf(record: TraceRecord, granules: readonly number[]): number {
  const { kind, iova, paddr, pageSize, bytes } = record.log.columns;
  const left = [...granules];
  for (let index = 0; index < record.log.length && left.length > 1; index++) {
    if (kind[index] !== Op.MAP && kind[index] !== Op.UNMAP) continue;
    const request = [iova[index] ?? 0, paddr[index] ?? 0, pageSize[index] ?? 0, bytes[index] ?? 0];
    while (left.length > 1 && request.some((value) => value % (left.at(-1) ?? 1) !== 0)) left.pop();
  }
  return left.at(-1) ?? 0;
}
