import { type Format, IoPageTable, type TableAllocator, TableMemory } from "../../../bindings/index.js";
import { flushJournal } from "./flushJournal.js";

const MIB = 2 ** 20;
const PHYS_BASE = 0x4000_0000;

interface Page {
  offset: number;
  bytes: number;
  freed: boolean;
}

/**
 * A table whose pages have numbers: 0 is the root, and the others follow as they are asked for. What is written back is told by them: "3" is all of page 3,
 * "3[1..4]" its items 1 to 4, "flush" stands for any flush in between.
 */
export class NumberedPages {
  readonly memory: TableMemory;
  readonly table: IoPageTable;
  /** Write-backs and flushes in order. */
  private log: string[] = [];
  private readonly pages: Page[] = [];
  private readonly wasm = new WebAssembly.Memory({ initial: 64, maximum: 64 });

  constructor(
    private readonly itemBytes: number,
    makeFormat: (syncForDevice: (paddr: number, bytes: number) => void) => Format,
  ) {
    const windows = [{ offset: 0, bytes: 2 * MIB, physBase: PHYS_BASE }];
    const bookkeeping = { offset: 2 * MIB, bytes: TableMemory.bookkeepingBytes(2 * MIB) };
    this.memory = TableMemory.over(this.wasm, { windows, bookkeeping });
    const flush = () => void this.log.push("flush");
    this.table = new IoPageTable(this.memory, {
      format: makeFormat((paddr, bytes) => void this.log.push(this.name(paddr - PHYS_BASE, bytes))),
      flush: { ...flushJournal().flush, flushAll: flush, flushWalk: flush, flushRange: flush },
      allocator: this.allocator,
    });
  }

  private readonly allocator: TableAllocator = {
    alloc: (bytes) => {
      const { offset: last, bytes: lastBytes } = this.pages.at(-1) ?? { offset: 0, bytes: 0 };
      // Never side by side, so that no run goes on from one page to the next.
      const offset = Math.ceil((last + 2 * lastBytes) / bytes) * bytes;
      this.pages.push({ offset, bytes, freed: false });
      return offset;
    },
    free: (offset) => {
      for (const page of this.pages) if (page.offset === offset) page.freed = true;
    },
  };

  /** What was written back and flushed since the last call. */
  take(): string[] {
    return this.log.splice(0);
  }

  private name(offset: number, bytes: number): string {
    const number = this.pages.findIndex((page) => offset >= page.offset && offset + bytes <= page.offset + page.bytes);
    const page = this.pages[number];
    if (page === undefined) return `${bytes} bytes at ${offset}, outside every page`;
    if (bytes === page.bytes) return `${number}`;
    const first = (offset - page.offset) / this.itemBytes;
    const last = first + bytes / this.itemBytes - 1;
    return first === last ? `${number}[${first}]` : `${number}[${first}..${last}]`;
  }

  /** The items of the pages that are in use, by the names that `take` gives them. */
  items(): Map<string, bigint> {
    const view = new DataView(this.wasm.buffer);
    const items = new Map<string, bigint>();
    for (const [number, { offset, bytes, freed }] of this.pages.entries()) {
      if (freed) continue;
      for (let at = 0; at < bytes; at += this.itemBytes) {
        const item =
          this.itemBytes === 8 ? view.getBigUint64(offset + at, true) : BigInt(view.getUint32(offset + at, true));
        items.set(`${number}[${at / this.itemBytes}]`, item);
      }
    }
    return items;
  }
}

/** Every item that a list of reports names, one by one. */
export function itemsNamed(reports: readonly string[], itemsOf: ReadonlyMap<string, bigint>): string[] {
  return reports.flatMap((report) => {
    const [, page = "", first, last] = /^(\d+)(?:\[(\d+)(?:\.\.(\d+))?\])?$/.exec(report) ?? [];
    if (page === "") return [];
    if (first === undefined) return [...itemsOf.keys()].filter((name) => name.startsWith(`${page}[`));
    const count = Number(last ?? first) - Number(first) + 1;
    return Array.from({ length: count }, (_, i) => `${page}[${Number(first) + i}]`);
  });
}
