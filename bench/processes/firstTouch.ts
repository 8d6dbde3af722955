// What mapping 1 GiB takes in a memory that is cold, touched ahead, or used before: in a process of its own, so that no other memory is about. Prints seconds.
import { armLpaeS1, IoPageTable, Prot, TableMemory } from "../../bindings/index.js";

const BYTES = 2 ** 24;
const IOVA = 2 ** 32;
const SIZE = 2 ** 30;
const flush = { flushAll() {}, flushWalk() {}, flushRange() {} };
const format = armLpaeS1({ ias: 48, oas: 48, pageSizes: [4096] });

const mapOnce = (memory: TableMemory): number => {
  using table = new IoPageTable(memory, { format, flush });
  const start = performance.now();
  table.map(IOVA, 2 ** 33, SIZE, Prot.READ);
  return (performance.now() - start) / 1e3;
};

// Compiled, and its own page faults taken, in a memory that is not measured.
for (let i = 0; i < 20; i++) mapOnce(TableMemory.create({ bytes: BYTES }));
const [state] = process.argv.slice(2);
const memory = TableMemory.create({ bytes: BYTES, touchAhead: state === "touched" ? BYTES : 0 });
await memory.touched;
if (state === "used") mapOnce(memory);
console.log(mapOnce(memory));
