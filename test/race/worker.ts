// One realm of a race.
import { parentPort, workerData } from "node:worker_threads";
import { IoPageTable, type SharedTable, type SharedTableMemory, TableMemory } from "../../bindings/index.js";
import { memoryState } from "../../bindings/tableMemory.js";
import { randomFrom } from "../programs/random.js";
import { Barrier } from "./barrier.js";
import { drain } from "./drain.js";
import { configurationOf, NO_FLUSH, type Scenario, Units } from "./scenario.js";

export interface RealmData {
  readonly scenario: Scenario;
  readonly realm: number;
  readonly memory: SharedTableMemory;
  readonly table: SharedTable;
  /** The stamp of each unit, 32 bits each; and the barrier's two words before them. */
  readonly shared: SharedArrayBuffer;
}

export interface RealmResult {
  readonly maps: number;
  readonly unmaps: number;
  /** Maps that found the pool empty. */
  readonly refused: number;
  /** Installs that another realm came before; null for the core that is shipped, which does not count. */
  readonly lost: number | null;
}

/** Units of each realm that it looks at in a step. */
const NEAR = 8;

/** Map and unmap units near the same place as all others, step by step. */
function race({ scenario, realm, shared }: RealmData, memory: TableMemory, table: IoPageTable): RealmResult {
  const c = configurationOf(scenario);
  const units = new Units(c, scenario.pattern);
  const stamps = new Int32Array(shared, Barrier.BYTES);
  const barrier = new Barrier(shared, scenario.realms);
  const random = randomFrom(scenario.seed * 64 + realm);
  const gather = table.gather();
  const result = { maps: 0, unmaps: 0, refused: 0 };
  for (let step = 0; step < scenario.steps; step++) {
    barrier.wait();
    const near = Array.from({ length: NEAR * scenario.realms }, (_, i) => (units.focus(step) + i) % units.count);
    for (const unit of near.filter((u) => units.owner(u, step, scenario.realms) === realm)) {
      const stamp = stamps[unit] ?? 0;
      units.check(table, unit, stamp);
      if (stamp !== 0) {
        units.unmap(table, unit, stamp, random(6), gather);
        stamps[unit] = 0;
        result.unmaps++;
      } else {
        const next = 1 + random(2 ** 20);
        const isMapped = units.map(table, unit, next);
        if (isMapped) stamps[unit] = next;
        result[isMapped ? "maps" : "refused"]++;
      }
      units.check(table, unit, stamps[unit] ?? 0);
    }
    // What is handed over is flushed and free before the next realm has it.
    if (scenario.pattern === "handed over" || random(4) === 0) gather.sync();
  }
  gather.sync();
  barrier.wait();
  const core = memoryState(memory, "race").core as unknown as { raceLosses?: () => number };
  return { ...result, lost: core.raceLosses?.() ?? null };
}

export type Order = "race" | "drain";

if (parentPort !== null && workerData !== null) {
  const port = parentPort;
  const data = workerData as RealmData;
  const c = configurationOf(data.scenario);
  // Not by the core that the handle brings along, which is the shipped one, but by that of this worker's own sources.
  const memory = TableMemory.attach({ ...data.memory, ...{ module: undefined } });
  const table = IoPageTable.attach(memory, data.table, { format: c.format(), flush: NO_FLUSH });
  port.on("message", (order: Order) => {
    try {
      port.postMessage(order === "race" ? race(data, memory, table) : drain(c, memory));
    } catch (error) {
      port.postMessage({ error: String(error instanceof Error ? error.stack : error) });
    }
  });
}
