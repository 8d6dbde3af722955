// generic_pt test_random_map: a thousand maps at random places of a window; where they collide, what is in the way goes first. Page by page against an array.
import { expect, it } from "vitest";
import { type IoPageTable, Prot } from "../../../bindings/index.js";
import { outcomeOf } from "../../bindings/support/failure.js";
import type { Configuration } from "../../configurations/configuration.js";
import { endOf, inputRanges, type Range, smallestPage } from "../../configurations/geometry.js";
import { meet, PageModel, type Pages } from "./pageModel.js";
import { Random } from "./random.js";
import { conformance } from "./subject.js";

const READ_WRITE = Prot.READ | Prot.WRITE;
const MAPS = { thorough: 1000, quick: 250 };
const WINDOW = 2n ** 30n;
/** How often all pages are compared, not only those of the last map. */
const WHOLE_EVERY = 250;

interface Placed extends Pages {
  paddr: number;
}

/** Thousands of these would take most of the time with `expect`. */
function must(holds: boolean, says: string): void {
  if (!holds) expect.fail(`not so: ${says}`);
}

/** Pages whose number is as likely small as large, their two addresses as often aligned as not. */
function randomMap(random: Random, c: Configuration, { count: pages }: PageModel): Placed {
  const page = Number(smallestPage(c));
  const bits = Math.log2(pages);
  const aligned = (limit: number) => Number(random.multiple(2n ** BigInt(random.below(bits + 1)), BigInt(limit)));
  const first = aligned(pages);
  const outputPages = 2 ** c.paddrBits / page;
  const output = aligned(outputPages);
  const asked = 1 + random.below(2 ** (1 + random.below(Math.max(bits - 4, 1))));
  return { first, count: Math.min(asked, pages - first, outputPages - output), paddr: output * page };
}

/** `map` on even turns; on odd ones `mapRange`, whose prefix is taken back before the way is cleared. */
function mapOnce(table: IoPageTable, { iova, size }: { iova: bigint; size: number }, paddr: number, turn: number) {
  if (turn % 2 === 0) {
    const outcome = outcomeOf(() => table.map(iova, paddr, size, READ_WRITE));
    return "code" in outcome ? outcome.code : null;
  }
  const { mapped, error } = table.mapRange(iova, paddr, size, READ_WRITE);
  if (error !== null && mapped > 0) must(table.unmap(iova, mapped) === mapped, "the prefix of a map is unmapped");
  return error;
}

function runRandomMaps(c: Configuration, table: IoPageTable, window: Range, maps: number): void {
  const random = new Random();
  const model = new PageModel(window, Number(smallestPage(c)));
  const everything = { first: 0, count: model.count };
  const unmap = (placed: Pages) => {
    const { iova, size } = model.rangeOf(placed);
    must(table.unmap(iova, size) === size, `${placed.count} pages at ${placed.first} are unmapped`);
    model.unmap(placed);
  };
  let placed: Placed[] = [];
  for (let turn = 0; turn < maps; turn++) {
    const next = randomMap(random, c, model);
    const range = model.rangeOf(next);
    const inTheWay = placed.filter((other) => meet(other, next));
    if (inTheWay.length > 0) {
      must(mapOnce(table, range, next.paddr, turn) === "EEXIST", `map ${turn} collides`);
      inTheWay.forEach(unmap);
      placed = placed.filter((other) => !inTheWay.includes(other));
    }
    must(mapOnce(table, range, next.paddr, turn) === null, `map ${turn} succeeds, its way free`);
    model.map(next, next.paddr);
    placed.push(next);
    model.check(table, turn % WHOLE_EVERY === 0 ? everything : next, `after map ${turn}`);
  }
  model.check(table, everything, "in the end");
  const pages = placed.reduce((sum, { count }) => sum + count, 0);
  expect(table.stats().mappedBytes).toBe(model.rangeOf({ first: 0, count: pages }).size);
  placed.forEach(unmap);
}

conformance("random maps", (c, useTable) => {
  const windows = inputRanges(c).map((range) => {
    const size = range.size < WINDOW ? range.size : WINDOW;
    // The lower half is used from its start, the upper one from its end: where they are furthest apart.
    return range.iova === 0n ? { iova: 0n, size } : { iova: endOf(range) - size, size };
  });

  it.each(windows)("at $iova agree page by page, and leave nothing", (window) => {
    useTable(({ table, backing }) => {
      runRandomMaps(c, table, window, backing.thorough ? MAPS.thorough : MAPS.quick);
      expect([...table.mappings()]).toEqual([]);
      expect(table.dump()).not.toMatch(/^[TP]/m);
    });
  });
});
