// A page table in a page: on the main thread, and from a worker where the page is isolated.
import { compileCore, IoPageTable, IoPgtableError, Prot, TableMemory } from "io-pgtable";
import { OPTIONS } from "./options.mjs";

/** @param {string} line */
function print(line) {
  const out = document.getElementById("out");
  if (out !== null) out.textContent += `${line}\n`;
}

// Compiled off the main thread. Without this, TableMemory.create() compiles by itself, which takes a few milliseconds.
const memory = TableMemory.create({ bytes: 2 ** 22, module: await compileCore() });
const table = new IoPageTable(memory, OPTIONS);
table.map(0x1000, 0x8000_0000, 0x20_0000, Prot.READ | Prot.WRITE);
print(`isolated: ${crossOriginIsolated}, shared: ${!(memory.buffer instanceof ArrayBuffer)}`);
print(`main: 0x1234 -> 0x${table.iovaToPhys(0x1234)?.toString(16)}`);

/** @param {SharedArrayBuffer | object} message @returns {Promise<string>} */
function askWorker(message) {
  const worker = new Worker(new URL("./worker.mjs", import.meta.url), { type: "module" });
  worker.postMessage(message);
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message: why }) => reject(new Error(why));
  });
}

try {
  const handles = { memory: memory.share(), table: table.share() };
  print(`worker: ${await askWorker(handles)}`);
  print(`main sees what it mapped: 0x${table.iovaToPhys(0x40_0123)?.toString(16)}`);
} catch (error) {
  if (!(error instanceof IoPgtableError)) throw error;
  print(`not shared: ${error.code}`);
  print(`worker with a table of its own: ${await askWorker({})}`);
}
table.destroy();
print(`in use: ${memory.stats().tablePagesInUse}`);
print("done");
