// A page table from beginning to end: what a driver does when a device gets a buffer and gives it back.
import { Access, armLpaeS1, IoPageTable, Prot, TableMemory } from "io-pgtable";

const hex = (/** @type {number | bigint} */ x) => `0x${x.toString(16)}`;

// How the device's TLB is told to forget. This one only writes down what it is told.
const flush = {
  flushAll: () => console.log("device: forget everything"),
  flushWalk: (/** @type {number} */ iova, /** @type {number} */ size) =>
    console.log(`device: forget the tables below ${hex(iova)} + ${hex(size)}`),
  flushRange: (/** @type {number} */ iova, /** @type {number} */ size, /** @type {number} */ granule) =>
    console.log(`device: forget ${hex(iova)} + ${hex(size)}, by leaves of ${hex(granule)}`),
};

// Room for table pages; the first byte has the physical address 0x80000000.
const memory = TableMemory.create({ bytes: 2 ** 20, physBase: 0x8000_0000 });
const table = new IoPageTable(memory, { format: armLpaeS1({ ias: 48, oas: 44 }), flush });

// A buffer of 2 MiB + 8 KiB: one block and two pages.
table.map(0x4000_0000, 0x8_8000_0000, 0x20_2000, Prot.READ | Prot.WRITE | Prot.CACHE);
for (const { iova, paddr, size, pageSize } of table.mappings()) {
  console.log(`${hex(iova)} -> ${hex(paddr)}: ${size / pageSize} x ${pageSize / 1024}K`);
}

console.log("look-up:", hex(table.iovaToPhys(0x4020_1234) ?? 0), table.iovaToPhys(0x5000_0000));
console.log("may the device write there?", table.access(0x4000_0010, Access.WRITE) >= 0);
for (const { level, kind, entry } of table.walk(0x4020_1234)) console.log(`  level ${level}: ${kind} ${hex(entry)}`);

// The device is done with the second page. What it has cached of it is gone when unmap returns.
console.log("unmapped", table.unmap(0x4020_1000, 0x1000), "bytes");
table.destroy();
console.log("table pages in use:", memory.stats().tablePagesInUse);

// Prints:
//   0x40000000 -> 0x880000000: 1 x 2048K
//   0x40200000 -> 0x880200000: 2 x 4K
//   look-up: 0x880201234 null
//   may the device write there? true
//     level 0: table 0x80291003
//     level 1: table 0x80292003
//     level 2: table 0x80293003
//     level 3: leaf 0x880201f47
//   device: forget 0x40201000 + 0x1000, by leaves of 0x1000
//   unmapped 4096 bytes
//   device: forget everything
//   table pages in use: 0
