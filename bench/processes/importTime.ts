// From the import of the library to the first table, in a process that has not seen it. Prints seconds.
const start = performance.now();
// The module that users load, which the compiler need not find.
const name = "io-pgtable";
const { armLpaeS1, IoPageTable, TableMemory }: typeof import("../../bindings/index.js") = await import(name);
const flush = { flushAll() {}, flushWalk() {}, flushRange() {} };
const table = new IoPageTable(TableMemory.create(), { format: armLpaeS1({ ias: 48, oas: 48 }), flush });
console.log((performance.now() - start) / 1e3);
table.destroy();
