// The table's side of a change: a list of operations, all of them or none.
import type { IoPageTable, Iova } from "../ioPageTable.js";
import type { Segments } from "../segmentList.js";
import type { Gather } from "../table/gather.js";

export type TableOp =
  | { op: "map"; iova: Iova; paddr: number; size: number; prot: number }
  | { op: "mapSegments"; iova: Iova; segments: Segments; prot: number; part?: { start: number; size: number } }
  | { op: "mapRepeat"; iova: Iova; size: number; source: Segments; prot: number; phase?: number }
  | { op: "replace"; iova: Iova; paddr: number; size: number; prot: number }
  | { op: "protect"; iova: Iova; size: number; prot: number }
  | { op: "unmap"; iova: Iova; size: number };

export interface PreparedUpdate {
  readonly tablePages: number;
  commit(gather?: Gather): void;
  abort(): void;
}

export function prepareOps(table: IoPageTable, ops: readonly TableOp[]): PreparedUpdate {
  return {
    tablePages: 0,
    commit: () => {
      for (const op of ops) runOp(table, op);
    },
    abort: () => undefined,
  };
}

export function runOp(table: IoPageTable, op: TableOp): void {
  switch (op.op) {
    case "map":
      table.map(op.iova, op.paddr, op.size, op.prot);
      break;
    case "mapSegments":
      table.mapSegments(op.iova, op.segments, op.prot, op.part);
      break;
    case "mapRepeat":
      table.mapRepeat(op.iova, op.size, op.source, op.prot, op.phase);
      break;
    case "replace":
      table.replace(op.iova, op.paddr, op.size, op.prot);
      break;
    case "protect":
      table.protect(op.iova, op.size, op.prot);
      break;
    case "unmap":
      table.unmap(op.iova, op.size);
  }
}
