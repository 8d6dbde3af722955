// An emulator's guest RAM is a WebAssembly.Memory. The guest's own tables are walked there as the device would, and tables of ours are built there.
import { Access, Fault, IoPageTable, Prot, riscv, TableMemory } from "io-pgtable";

const hex = (/** @type {number} */ x) => `0x${x.toString(16)}`;
const MIB = 2 ** 20;

// 32 MiB of RAM at 0x80000000, and a second stretch of 16 MiB at 0x1_0000_0000. The last 8 MiB of the memory are the emulator's.
const ram = new WebAssembly.Memory({ initial: (56 * MIB) / 65536, maximum: (56 * MIB) / 65536 });
const windows = [
  { offset: 0, bytes: 32 * MIB, physBase: 0x8000_0000 },
  { offset: 32 * MIB, bytes: 16 * MIB, physBase: 0x1_0000_0000 },
];
const bookkeeping = { offset: 48 * MIB, bytes: TableMemory.bookkeepingBytes(MIB) };
const memory = TableMemory.over(ram, { windows, bookkeeping });
const format = riscv({ ias: 39, oas: 56 });

// The guest writes its tables with plain stores. Here: root at 0x80100000, with one leaf of 1 GiB for 0x4000_0000.
const store = new DataView(ram.buffer);
const leaf = (0x8000_0000n >> 2n) | 0xd7n; // V R W U A D
store.setBigUint64(0x10_0000 + 8, leaf, true);

const guest = IoPageTable.open(memory, { format, root: 0x8010_0000 });
console.log("guest 0x40000123 ->", hex(guest.access(0x4000_0123, Access.WRITE)));
console.log("may it execute there?", guest.access(0x4000_0123, Access.EXECUTE) === -Fault.PERMISSION ? "no" : "yes");

// The guest changes its mind; nothing has to be told to the walker, which keeps nothing between calls.
store.setBigUint64(0x10_0000 + 8, 0n, true);
console.log("and now:", guest.access(0x4000_0123, Access.WRITE) === -Fault.UNMAPPED ? "nothing there" : "mapped");

// A table pointer that leads out of RAM is refused, not followed.
store.setBigUint64(0x10_0000 + 8, (0xdead_0000_0000n >> 2n) | 1n, true);
console.log("a broken table:", guest.access(0x4000_0123, Access.READ) === -Fault.CORRUPT ? "corrupt" : "?");

// The emulator builds tables of its own in the same RAM: it says which pages, here from a part that the guest was told to leave alone.
/** @type {number[]} */
const free = [];
let next = 16 * MIB;
const allocator = {
  alloc: (/** @type {number} */ bytes) => {
    if (bytes !== 4096) return null; // all tables of this format have one size
    const again = free.pop();
    if (again !== undefined) return again;
    next += 4096;
    return next - 4096;
  },
  free: (/** @type {number} */ offset) => {
    free.push(offset);
  },
};
const flush = { flushAll() {}, flushWalk() {}, flushRange() {} }; // the emulated IOMMU walks at every access: it caches nothing
const table = new IoPageTable(memory, { format, flush, allocator });
table.map(0x1000, 0x1_0000_0000, 0x3000, Prot.READ | Prot.WRITE);
console.log("satp mode and root:", table.registers.mode, hex(Number(table.registers.ppn) * 4096));
console.log("0x2000 ->", hex(table.iovaToPhys(0x2000) ?? 0), "by", memory.stats().tablePagesInUse, "table pages");
table.destroy();
console.log("given back:", free.length);

// Prints:
//   guest 0x40000123 -> 0x80000123
//   may it execute there? no
//   and now: nothing there
//   a broken table: corrupt
//   satp mode and root: 8 0x81000000
//   0x2000 -> 0x100001000 by 3 table pages
//   given back: 3
