import type { IoPageTable } from "../../index.js";
import { hex } from "./hexText.js";
import { type LoggedOperation, Op } from "./operationLog.js";

/** What a table can hold. */
export type Room = Pick<IoPageTable, "ias" | "oas" | "pageSizes">;

/** Tells why a table has no room for a map or an unmap; null where it has. */
export function misfit({ kind, iova, paddr, bytes: size }: LoggedOperation, room: Room): string | null {
  if (size === 0) return null;
  const page = Math.min(...room.pageSizes);
  const range = `${hex(iova)} + ${hex(size)}`;
  if (iova % page !== 0 || size % page !== 0) return `${range} is no multiple of its smallest page, ${hex(page)}`;
  if (iova + size > 2 ** room.ias) return `${range} is outside its ${room.ias}-bit input`;
  if (kind !== Op.MAP) return null;
  if (paddr % page !== 0) return `output address ${hex(paddr)} is no multiple of its smallest page, ${hex(page)}`;
  if (paddr + size > 2 ** room.oas)
    return `output address ${hex(paddr)} + ${hex(size)} is outside its ${room.oas}-bit output`;
  return null;
}
