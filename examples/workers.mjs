// Four workers map disjoint parts of one table at the same time, as a driver's threads do; the main thread looks at the result.
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { armLpaeS1, IoPageTable, Prot, TableMemory } from "io-pgtable";

const WORKERS = 4;
const PART = 2 ** 30;
const PAGES = 5000;

// Each realm makes the format and the flush operations for itself.
const options = {
  format: armLpaeS1({ ias: 48, oas: 44 }),
  flush: { flushAll() {}, flushWalk() {}, flushRange() {} },
};

if (isMainThread) {
  const memory = TableMemory.create({ bytes: 64 * 2 ** 20 });
  const table = new IoPageTable(memory, options);
  const handles = { memory: memory.share(), table: table.share() };
  const workers = Array.from({ length: WORKERS }, (_, part) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { ...handles, part } });
    return new Promise((resolve, reject) => worker.on("exit", resolve).on("error", reject));
  });
  await Promise.all(workers);
  for (const { iova, size } of table.mappings()) console.log(`0x${iova.toString(16)}: ${size / 4096} pages`);
  console.log("table pages:", table.stats().tablePages);
  table.destroy();
  console.log("in use:", memory.stats().tablePagesInUse);
} else {
  const memory = TableMemory.attach(workerData.memory);
  const table = IoPageTable.attach(memory, workerData.table, options);
  const base = workerData.part * PART;
  for (let page = 0; page < PAGES; page++) {
    table.map(base + page * 4096, 0x8000_0000 + base + page * 4096, 4096, Prot.READ | Prot.WRITE);
  }
  // Each second half again away: what a worker mapped, it may unmap, whatever the others do.
  table.unmap(base + (PAGES / 2) * 4096, (PAGES / 2) * 4096);
}

// Prints:
//   0x0: 2500 pages
//   0x40000000: 2500 pages
//   0x80000000: 2500 pages
//   0xc0000000: 2500 pages
//   table pages: 30
//   in use: 0
