import { test } from "vitest";
import { IoPageTable } from "../../../bindings/index.js";
import { Builder } from "../tables/builder.js";
import { GuestTables } from "../tables/guestTables.js";
import { Random } from "../tables/random.js";
import { paddrIn } from "../tables/model.js";
import { configurationOf } from "./configurations.js";
import { V7S } from "./prots.js";
test("v7s", () => {
  const c = configurationOf("v7s");
  const tables = new GuestTables({ start: 2 ** 30 + 2 ** 24, end: 2 ** 30 + 2 ** 26 });
  for (let round = 0; round < 2; round++) {
    const flush = { flushAll() {}, flushWalk() {}, flushRange() {} };
    const table = new IoPageTable(tables.memory, { format: c.format(), flush });
    const calls: string[] = [];
    const spy = new Proxy(table, { get: (t, k) => { const v = Reflect.get(t, k, t); return typeof v !== "function" ? v : (...a: unknown[]) => { const r = v.apply(t, a); calls.push(`${String(k)} ${JSON.stringify(a, (_, x) => typeof x === "bigint" ? "0x" + x.toString(16) : typeof x === "number" ? "0x" + x.toString(16) : x)} -> ${JSON.stringify(r)}`); return r; }; } });
    const rnd = new Random(`Armv7 CPU, v7s, ${round}`); rnd.below(1); const b = new Builder(spy as IoPageTable, { configuration: c, areas: { tables: [], data: { start: 2 ** 30 + 2 ** 28, end: 3 * 2 ** 30 }, nowhere: null }, prots: V7S }, rnd);
    b.mapEnds();
    for (let i = 0; i < 40; i++) {
      b.step();
      for (const run of b.model.runs) for (let k = 0n, at = run.iova; k < 4096n && at < run.iova + run.size; k++, at += (run.size / 4096n / 4096n + 1n) * 4096n) {
        const got = table.iovaToPhys64(at);
        if (got !== paddrIn(run, at)) { console.log(round, i, at.toString(16), got, paddrIn(run, at).toString(16), calls.join("\n")); throw new Error("stop"); }
      }
    }
    table.destroy();
  }
});
