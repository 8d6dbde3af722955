// So many workers, each at its own part of one table, which begin together. Prints the seconds until the last is done, for each round.
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import {
  armLpaeS1,
  IoPageTable,
  Prot,
  type SharedTable,
  type SharedTableMemory,
  TableMemory,
} from "../../bindings/index.js";

const PAGE = 4096;
const GIGA = 2 ** 30;
/** All workers together. */
export const WORK = { pages: (4 * GIGA) / PAGE, list: GIGA / PAGE, pair: 2 ** 18 } as const;
type Kind = keyof typeof WORK;
const ROUNDS = 4;
const options = {
  format: armLpaeS1({ ias: 48, oas: 48, pageSizes: [PAGE] }),
  flush: { flushAll() {}, flushWalk() {}, flushRange() {} },
};

interface Job {
  readonly memory: SharedTableMemory;
  readonly table: SharedTable;
  readonly kind: Kind;
  readonly part: number;
  readonly parts: number;
}

function stepOf(memory: TableMemory, table: IoPageTable<unknown>, { kind, part, parts }: Job) {
  const iova = (part + 1) * 8 * GIGA;
  const count = WORK[kind] / parts;
  const size = count * PAGE;
  const undo = (): void => void table.unmap(iova, size);
  if (kind === "pages") return { step: () => table.map(iova, 2 ** 40, size, Prot.READ), undo };
  if (kind === "list") {
    const pages = memory.float64Array(count);
    for (let i = 0; i < count; i++) pages[i] = (((i * 7919) % count) * 2 + 1) * PAGE;
    return { step: () => table.mapList(iova, pages, PAGE, Prot.READ), undo };
  }
  // The first page stays, so that the table of leaves does.
  table.map(iova, 2 ** 40, PAGE, Prot.READ);
  const step = (): void => {
    for (let i = 0; i < count; i++) {
      const at = iova + (1 + (i % 511)) * PAGE;
      table.map(at, 2 ** 40, PAGE, Prot.READ);
      table.unmap(at, PAGE);
    }
  };
  return { step, undo: () => {} };
}

function work(job: Job): void {
  const memory = TableMemory.attach(job.memory);
  const { step, undo } = stepOf(memory, IoPageTable.attach(memory, job.table, options), job);
  step();
  undo();
  parentPort?.on("message", (what) => {
    if (what === "step") step();
    else undo();
    parentPort?.postMessage(what);
  });
  parentPort?.postMessage("ready");
}

/** Everybody does it; seconds until the last has. */
async function all(workers: readonly Worker[], what: string): Promise<number> {
  const answers = workers.map((worker) => new Promise((resolve) => worker.once("message", resolve)));
  const start = performance.now();
  for (const worker of workers) worker.postMessage(what);
  await Promise.all(answers);
  return (performance.now() - start) / 1e3;
}

async function lead(kind: Kind, parts: number): Promise<void> {
  const memory = TableMemory.create({ bytes: 2 ** 26, shared: true });
  const table = new IoPageTable(memory, options);
  const handles = { memory: memory.share(), table: table.share(), kind, parts };
  const workers = Array.from(
    { length: parts },
    (_, part) => new Worker(new URL(import.meta.url), { workerData: { ...handles, part } }),
  );
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("message", resolve))));
  for (let round = 0; round < ROUNDS; round++) {
    console.log(await all(workers, "step"));
    await all(workers, "undo");
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
}

if (isMainThread) await lead(process.argv[2] as Kind, Number(process.argv[3]));
else work(workerData);
