// What a person asks of the table.
import { type Gather, type IoPageTable, Prot } from "io-pgtable";

export const OPERATIONS = ["map", "repeat", "unmap", "replace", "protect"] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface Change {
  readonly op: Operation | "flush";
  readonly iova: bigint;
  readonly size: bigint;
  readonly paddr: bigint;
  /** Of a repeat: bytes after which it starts again. */
  readonly period: bigint;
  readonly prot: number;
}

export const FLUSH: Change = { op: "flush", iova: 0n, size: 0n, paddr: 0n, period: 0n, prot: 0 };

/** What to begin with: pages, larger leaves, and 64 kilobytes that repeat over 16 megabytes. */
export const FIRST_CHANGES: readonly Change[] = [
  { op: "map", iova: 0x1000n, size: 0x9000n, paddr: 0x8000_1000n, period: 0n, prot: Prot.READ | Prot.WRITE },
  { op: "map", iova: 0x20_0000n, size: 0x60_0000n, paddr: 0x9000_0000n, period: 0n, prot: Prot.READ },
  { op: "repeat", iova: 0x4000_0000n, size: 0x100_0000n, paddr: 0xa000_0000n, period: 0x1_0000n, prot: Prot.READ },
];

/** Carries it out; only what changes live entries has something to flush. */
export function carryOut(table: IoPageTable, change: Change, gather: Gather | undefined): void {
  const { iova, prot } = change;
  const size = Number(change.size);
  const paddr = Number(change.paddr);
  switch (change.op) {
    case "map":
      table.map(iova, paddr, size, prot);
      break;
    case "repeat":
      table.mapRepeat(iova, size, { paddr, size: Number(change.period) }, prot);
      break;
    case "replace":
      table.replace(iova, paddr, size, prot, gather);
      break;
    case "protect":
      table.protect(iova, size, prot, gather);
      break;
    case "unmap":
      table.unmap(iova, size, gather === undefined ? {} : { gather });
      break;
    case "flush":
      gather?.sync();
      break;
  }
}
