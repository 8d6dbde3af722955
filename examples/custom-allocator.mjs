// Table pages from an allocator of the caller's: here a region of fixed size, as a driver has that may not allocate while it submits work.
import { IoPageTable, IoPgtableError, Prot, TableMemory, x86_64 } from "io-pgtable";

const PAGE = 4096;
const ROOM = 8;

// All bytes are the caller's; the library keeps its records in the bookkeeping region.
const wasm = new WebAssembly.Memory({ initial: 16, maximum: 64 });
const records = TableMemory.bookkeepingBytes(ROOM * PAGE);
wasm.grow(records / 65536);
const memory = TableMemory.over(wasm, {
  windows: [{ offset: 0, bytes: 2 ** 20, physBase: 0x4000_0000 }],
  bookkeeping: { offset: 2 ** 20, bytes: records },
});

/** Eight pages, and a note of each that is taken and given back. */
class Region {
  /** @type {number[]} */
  free = Array.from({ length: ROOM }, (_, index) => (ROOM - 1 - index) * PAGE);

  /** @param {number} bytes @param {number} level */
  alloc(bytes, level) {
    const offset = bytes === PAGE ? this.free.pop() : undefined;
    console.log(offset === undefined ? `level ${level}: none left` : `level ${level}: page ${offset / PAGE}`);
    return offset ?? null; // null is ENOMEM, and nothing has changed
  }

  /** Called only after the flush that covers the page has returned. @param {number} offset */
  release(offset) {
    this.free.push(offset);
  }
}

const region = new Region();
const table = new IoPageTable(memory, {
  format: x86_64({ ias: 48, oas: 52 }),
  flush: { flushAll() {}, flushWalk() {}, flushRange() {} },
  allocator: {
    alloc: (bytes, level) => region.alloc(bytes, level),
    free: (offset) => region.release(offset),
  },
});
table.map(0, 0x8000_0000, 0x1000, Prot.READ);
table.map(2 ** 30, 0x9000_0000, 0x1000, Prot.READ);
try {
  table.map(2 ** 39, 0xa000_0000, 0x1000, Prot.READ);
} catch (error) {
  if (!(error instanceof IoPgtableError)) throw error;
  console.log(error.code, "and the table is as it was:", table.iovaToPhys(2 ** 39));
}
console.log("free pages:", region.free.length);
table.unmap(2 ** 30, 0x1000);
console.log("free pages:", region.free.length);
table.destroy();
console.log("free pages:", region.free.length);

// Prints:
//   level 3: page 0
//   level 2: page 1
//   level 1: page 2
//   level 0: page 3
//   level 1: page 4
//   level 0: page 5
//   level 2: page 6
//   level 1: page 7
//   level 0: none left
//   ENOMEM and the table is as it was: null
//   free pages: 2
//   free pages: 4
//   free pages: 8
