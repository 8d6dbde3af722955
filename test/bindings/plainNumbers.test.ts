// Calls with plain numbers have short ways, which a bigint never takes: both come to the same results, flushes and entries, on every shape of table.
import { describe, expect, it } from "vitest";
import { IoPageTable, Prot, TableMemory } from "../../bindings/index.js";
import type { Configuration } from "../configurations/configuration.js";
import { inputRanges } from "../configurations/geometry.js";
import { SHAPES } from "../configurations/list.js";
import { choose, type Random, randomFrom } from "../programs/random.js";
import { flushJournal } from "./support/flushJournal.js";

const SEED = Number(process.env.IO_PGTABLE_SEED ?? Date.now() % 1e9);
const CALLS = 150;
const PROTS = [Prot.READ | Prot.WRITE, Prot.READ | Prot.WRITE | Prot.CACHE, Prot.READ | Prot.WRITE | Prot.PRIV, 0];

interface Call {
  readonly kind: "mapPages" | "unmapPages" | "unmapPages, gathered" | "map" | "unmap";
  readonly iova: bigint;
  readonly paddr: number;
  readonly pageSize: number;
  readonly count: number;
  readonly prot: number;
}

/** Runs in three tables of smallest leaves and at the ends of the input space, mostly of smallest pages. */
function randomCall(c: Configuration, random: Random): Call {
  const sizes = c.pageSizes.map(Number);
  const page = sizes[0] ?? 4096;
  const pageSize = random(8) === 0 ? choose(random, sizes) : page;
  const tables = 3 * 2 ** ((c.shifts[1] ?? 0) - (c.shifts[0] ?? 0));
  const range = choose(random, inputRanges(c));
  const at = BigInt(random(tables)) * BigInt(page);
  const inside = random(4) === 0 ? range.size - BigInt(page) - at : at;
  const misaligned = random(40) === 0 ? 8n : 0n;
  return {
    kind: choose(random, ["mapPages", "mapPages", "unmapPages", "unmapPages, gathered", "map", "unmap"]),
    iova: range.iova + (inside < 0n ? 0n : inside) + misaligned,
    paddr: random(20) === 0 ? 2 ** c.oas : random(1000) * page,
    pageSize,
    count: choose(random, [0, 1, 1, 2, 3, 16, 33, 600]),
    prot: choose(random, PROTS),
  };
}

/** A table of its own, and what calls on it come to. */
function contender(c: Configuration, gatherRanges: "merge" | "exact", address: (iova: bigint) => number | bigint) {
  const memory = TableMemory.create({ bytes: 2 ** 24 });
  const { flush, take } = flushJournal();
  const table = new IoPageTable(memory, { format: c.format(), flush, gatherRanges });
  const gather = table.gather();
  const carryOut = ({ kind, iova, paddr, pageSize, count, prot }: Call): unknown => {
    const at = address(iova);
    if (kind === "mapPages") return table.mapPages(at, paddr, pageSize, count, prot);
    if (kind === "unmapPages") return table.unmapPages(at, pageSize, count);
    if (kind === "unmapPages, gathered") return table.unmapPages(at, pageSize, count, gather);
    try {
      return kind === "map" ? table.map(at, paddr, pageSize * count, prot) : table.unmap(at, pageSize * count);
    } catch (error) {
      return String(error);
    }
  };
  return {
    carryOut,
    sync: () => gather.sync(),
    outcome: () => ({ dump: table.dump(), events: take(), pages: table.stats().tablePages }),
    destroy(): void {
      table.destroy();
      expect(memory.stats().tablePagesInUse).toBe(0);
    },
  };
}

describe.each(SHAPES)("$name", (c) => {
  it.each(["merge", "exact"] as const)(`gathers ranges "%s", seed ${SEED}`, (gatherRanges) => {
    const random = randomFrom(SEED);
    const plain = contender(c, gatherRanges, Number);
    const wide = contender(c, gatherRanges, (iova) => iova);
    for (let i = 0; i < CALLS; i++) {
      const call = randomCall(c, random);
      const says = () => `call ${i}: ${call.kind} at ${call.iova.toString(16)}, ${call.count} of ${call.pageSize}`;
      // An address that a number does not hold would be another one.
      if (BigInt(Number(call.iova)) !== call.iova) continue;
      expect(plain.carryOut(call), says()).toEqual(wide.carryOut(call));
      if (random(20) === 0) {
        plain.sync();
        wide.sync();
      }
      if (random(50) === 0) expect(plain.outcome(), says()).toEqual(wide.outcome());
    }
    expect(plain.outcome()).toEqual(wide.outcome());
    plain.destroy();
    wide.destroy();
  });
});
