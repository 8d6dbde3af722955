import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { SharedTable, SharedTableMemory } from "../../../bindings/index.js";
import { compiledLibrary } from "./compiledLibrary.js";

/** What a worker is told to do with the table that it attached. */
export type Order =
  | { call: "map"; iova: number; paddr: number; size: number }
  | { call: "unmap"; iova: number; size: number }
  | { call: "mapEach"; iova: number; paddr: number; size: number; step: number }
  | { call: "mapLists"; iova: number; paddr: number; size: number; step: number }
  | { call: "iovaToPhys"; iova: number }
  | { call: "dump" };

export interface Answer {
  value?: unknown;
  code?: string;
  /** The flushes that this realm's own operations saw. */
  flushes: string[];
}

const SCRIPT = `
import { parentPort, workerData } from "node:worker_threads";
const { IoPageTable, TableMemory, armLpaeS1, Prot } = await import(workerData.library);
let flushes = [];
const note = (kind) => (iova, size, granule) => flushes.push([kind, iova, size, granule].join(" "));
const flush = { flushAll: note("all"), flushWalk: note("walk"), flushRange: note("range") };
const memory = TableMemory.attach(workerData.memory);
const attach = () => IoPageTable.attach(memory, workerData.table, { format: armLpaeS1(workerData.config), flush });
let table;
const calls = {
  map: ({ iova, paddr, size }) => table.map(iova, paddr, size, Prot.READ | Prot.WRITE),
  unmap: ({ iova, size }) => table.unmap(iova, size),
  mapEach: ({ iova, paddr, size, step }) => {
    for (let at = 0; at < size; at += step) table.map(iova + at, paddr + at, step, Prot.READ);
  },
  mapLists: ({ iova, paddr, size, step }) => {
    for (let at = 0; at < size; at += step) {
      const pages = Float64Array.from({ length: step / 4096 }, (_, i) => paddr + 2 * (at + i * 4096));
      table.mapList(iova + at, pages, 4096, Prot.READ);
    }
  },
  iovaToPhys: ({ iova }) => table.iovaToPhys(iova),
  dump: () => table.dump(),
};
parentPort.on("message", (order) => {
  flushes = [];
  try {
    table ??= attach();
    parentPort.postMessage({ value: calls[order.call](order), flushes });
  } catch (error) {
    parentPort.postMessage({ code: error.code ?? String(error), flushes });
  }
});
`;

/** Starts workers that attach to one table, each with flush operations of its own. */
export class TableWorkers {
  private readonly library = compiledLibrary();
  private readonly script = join(this.library.folder, "worker.js");
  private readonly workers: Worker[] = [];

  constructor() {
    writeFileSync(this.script, SCRIPT);
  }

  start(data: {
    memory: SharedTableMemory;
    table: SharedTable;
    config: { ias: number; oas: number };
  }): (order: Order) => Promise<Answer> {
    const worker = new Worker(this.script, { workerData: { ...data, library: this.library.url } });
    this.workers.push(worker);
    return (order) =>
      new Promise((resolve, reject) => {
        worker.once("message", resolve);
        worker.once("error", reject);
        worker.postMessage(order);
      });
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
    rmSync(this.library.folder, { recursive: true });
  }
}
