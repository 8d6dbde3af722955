// So many workers, each at its own part of one table, which begin together. Prints the seconds from the first begin to the last end, for each round.
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import {
  armLpaeS1,
  IoPageTable,
  Prot,
  type SharedTable,
  type SharedTableMemory,
  TableMemory,
} from "../../bindings/index.js";
import { PageFloor } from "../peers/wasmFloor.js";

const PAGE = 4096;
const GIGA = 2 ** 30;
const PAGES_PER_TABLE = 512;
/** All workers together. */
export const WORK = { pages: (4 * GIGA) / PAGE, list: GIGA / PAGE, pair: 2 ** 18 } as const;
const KINDS = ["pages", "list", "pair", "fill", "copy"] as const;
type Kind = (typeof KINDS)[number];
const ROUNDS = 9;
/** Of the same, before: V8's compilers have then ended, beside which no two workers are measured. */
const WARM_UP_MS = 300;
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
  /** Of an integer: how often a worker has come to where all wait for each other. */
  readonly gate: SharedArrayBuffer;
}

interface Work {
  step(): void;
  undo(): void;
}

/** What nothing can beat: each worker writes as many table pages, at once. */
function floorOf(kind: "fill" | "copy", parts: number): Work {
  const pages = WORK[kind === "fill" ? "pages" : "list"] / PAGES_PER_TABLE / parts;
  const floor = new PageFloor(Array.from({ length: pages }, (_, i) => i * PAGE));
  return { step: () => floor[kind](), undo: () => {} };
}

function workOf({ memory: handle, table: tableHandle, kind, part, parts }: Job): Work {
  if (kind === "fill" || kind === "copy") return floorOf(kind, parts);
  const memory = TableMemory.attach(handle);
  const table = IoPageTable.attach(memory, tableHandle, options);
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

/** On until all workers are here. They turn in a circle meanwhile: a thread that is woken begins when it likes. */
function meet(gate: Int32Array, everybody: number): void {
  const all = Math.ceil((Atomics.add(gate, 0, 1) + 1) / everybody) * everybody;
  while (Atomics.load(gate, 0) < all);
}

function work(job: Job): void {
  const { step, undo } = workOf(job);
  const gate = new Int32Array(job.gate);
  const since = performance.now();
  while (performance.now() - since < WARM_UP_MS) {
    step();
    undo();
  }
  const times: [bigint, bigint][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    meet(gate, job.parts);
    const begin = process.hrtime.bigint();
    step();
    times.push([begin, process.hrtime.bigint()]);
    meet(gate, job.parts);
    undo();
  }
  parentPort?.postMessage(times);
}

async function lead(kind: Kind, parts: number): Promise<void> {
  const memory = TableMemory.create({ bytes: 2 ** 26, shared: true });
  const table = new IoPageTable(memory, options);
  const handles = { memory: memory.share(), table: table.share(), kind, parts, gate: new SharedArrayBuffer(4) };
  const times = await Promise.all(
    Array.from({ length: parts }, async (_, part) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { ...handles, part } });
      const answer = await new Promise<[bigint, bigint][]>((resolve, reject) => {
        worker.once("message", resolve);
        worker.once("error", reject);
      });
      await worker.terminate();
      return answer;
    }),
  );
  for (let round = 0; round < ROUNDS; round++) {
    const [begins, ends] = [0, 1].map((which) => times.map((ofWorker) => Number(ofWorker[round]?.[which] ?? 0n)));
    console.log((Math.max(...(ends ?? [])) - Math.min(...(begins ?? []))) / 1e9);
  }
}

if (isMainThread) {
  const kind = KINDS.find((name) => name === process.argv[2]);
  if (kind === undefined) throw new Error(`${process.argv[2]} is none of ${KINDS.join(", ")}`);
  await lead(kind, Number(process.argv[3]));
} else {
  work(workerData);
}
