// A race from start to end, and what has to be true afterwards.
import { Worker } from "node:worker_threads";
import { IoPageTable, TableMemory } from "../../bindings/index.js";
import { Barrier } from "./barrier.js";
import { capacity, drain } from "./drain.js";
import { configurationOf, NO_FLUSH, type Scenario, Units } from "./scenario.js";
import type { Order, RealmData, RealmResult } from "./worker.js";

export interface RaceResult {
  maps: number;
  unmaps: number;
  refused: number;
  /** Null where the core does not count. */
  lost: number | null;
}

const MIB = 2 ** 20;

/** @throws Error with the scenario where anything is not as one realm alone would have left it */
export async function race(scenario: Scenario, script: URL): Promise<RaceResult> {
  try {
    return await run(scenario, script);
  } catch (error) {
    throw new Error(JSON.stringify(scenario), { cause: error });
  }
}

async function run(scenario: Scenario, script: URL): Promise<RaceResult> {
  const c = configurationOf(scenario);
  const units = new Units(c, scenario.pattern);
  const memory = TableMemory.create({ bytes: scenario.bytes, shared: true });
  const table = new IoPageTable(memory, { format: c.format(), flush: NO_FLUSH });
  const shared = new SharedArrayBuffer(Barrier.BYTES + 4 * units.count);
  const data = { scenario, memory: memory.share(), table: table.share(), shared };
  const realms = Array.from({ length: scenario.realms }, (_, realm) => new Realm(script, { ...data, realm }));
  try {
    const results = await Promise.all(realms.map((realm) => realm.order<RealmResult>("race")));
    checkEnd(scenario, memory, table, new Int32Array(shared, Barrier.BYTES));
    table.destroy();
    expectEqual(memory.stats().tablePagesInUse, 0, "table pages in use after destroy");
    const pages: number[] = [];
    for (const realm of realms) pages.push(...(await realm.order<number[]>("drain")));
    pages.push(...drain(c, memory));
    expectEqual(new Set(pages).size, pages.length, "different table pages among those that can be had");
    const fresh = TableMemory.create({ bytes: scenario.bytes });
    expectEqual(pages.length, capacity(c, fresh), "table pages that can be had");
    return results.reduce(add, { maps: 0, unmaps: 0, refused: 0, lost: null });
  } finally {
    await Promise.all(realms.map((realm) => realm.stop()));
  }
}

function add(sum: RaceResult, one: RealmResult): RaceResult {
  const lost = one.lost === null ? sum.lost : (sum.lost ?? 0) + one.lost;
  return { maps: sum.maps + one.maps, unmaps: sum.unmaps + one.unmaps, refused: sum.refused + one.refused, lost };
}

/** The table is what one realm makes of the stamps. */
function checkEnd(scenario: Scenario, memory: TableMemory, table: IoPageTable, stamps: Int32Array): void {
  const c = configurationOf(scenario);
  const units = new Units(c, scenario.pattern);
  const alone = TableMemory.create({ bytes: 16 * MIB });
  const serial = new IoPageTable(alone, { format: c.format(), flush: NO_FLUSH });
  for (const [unit, stamp] of stamps.entries()) {
    units.check(table, unit, stamp);
    if (stamp !== 0 && !units.map(serial, unit, stamp)) throw new Error(`unit ${unit} finds no room in a new memory`);
  }
  expectEqual(table.stats().tablePages, memory.stats().tablePagesInUse, "table pages");
  // What unmaps left empty waits for trim once a table is shared.
  table.trim();
  serial.trim();
  if (table.dump() !== serial.dump()) throw new Error("the table is not the one that one realm makes");
  expectEqual(memory.stats().tablePagesInUse, serial.stats().tablePages, "table pages after trim");
  serial.destroy();
  expectEqual(alone.stats().tablePagesInUse, 0, "table pages of the serial table after destroy");
}

function expectEqual(found: number, expected: number, what: string): void {
  if (found !== expected) throw new Error(`${what}: ${found} instead of ${expected}`);
}

/** A worker, and what it is told. */
class Realm {
  private readonly worker: Worker;

  constructor(script: URL, data: RealmData) {
    this.worker = new Worker(script, { workerData: data });
  }

  order<T>(order: Order): Promise<T> {
    return new Promise((resolve, reject) => {
      this.worker.once("message", (answer: T | { error: string }) => {
        if (typeof answer === "object" && answer !== null && "error" in answer) reject(new Error(answer.error));
        else resolve(answer as T);
      });
      this.worker.once("error", reject);
      this.worker.postMessage(order);
    });
  }

  async stop(): Promise<void> {
    await this.worker.terminate();
  }
}
