// A list makes the table that `map` over each of its runs of neighbours makes, whatever the list lies in, on every configuration.
import { describe, it } from "vitest";
import type { Configuration } from "../../configurations/configuration.js";
import { inputRanges } from "../../configurations/geometry.js";
import { CONFIGURATIONS } from "../../configurations/list.js";
import { checkLikeRuns, type Prepare } from "./compare.js";
import { type ListCase, RW, randomFrom, randomList } from "./listCase.js";

const SEED = Number(process.env.IO_PGTABLE_SEED ?? Date.now() % 1e9);
const RUNS = Number(process.env.IO_PGTABLE_RUNS ?? 3);

/** Pages next to the list in the tables that it goes to, and tables that map nothing where it is to go. */
function furniture(c: Configuration, list: ListCase, random: (below: number) => number): Prepare {
  const page = c.pageSizes[0] ?? 4096n;
  const end = list.iova + BigInt(list.pages.length * list.pageSize);
  const ranges = inputRanges(c);
  const isInside = (iova: bigint) => ranges.some((r) => iova >= r.iova && iova < r.iova + r.size);
  const beside = [list.iova - page, end, end + 7n * page].filter((iova) => random(2) === 0 && isInside(iova));
  const visited = Array.from(
    { length: random(3) },
    () => list.iova + BigInt(random(list.pages.length) * list.pageSize),
  );
  return (table) => {
    for (const iova of beside) table.map(iova, 0, Number(page), RW);
    for (const iova of visited) {
      table.mapPages(iova, 0, Number(page), 1, RW);
      table.unmapPages(iova, Number(page), 1);
    }
  };
}

describe.each(CONFIGURATIONS)("$name", (c) => {
  it(`random lists, seed ${SEED}`, () => {
    for (let run = 0; run < RUNS; run++) {
      const seed = SEED + run;
      const random = randomFrom(seed);
      const list = randomList(c, random);
      const says = `seed ${seed}: ${list.pages.length} pages of ${list.pageSize} at ${list.iova.toString(16)}`;
      try {
        checkLikeRuns(c.format, list);
        checkLikeRuns(c.format, list, furniture(c, list, random));
      } catch (error) {
        throw new Error(`${says}: ${(error as Error).message}`, { cause: error });
      }
    }
  });
});
