// Linux's own code at random work: each call does the same in both, and the tables come to the same bytes. Only where it has been built.
import { describe, expect, onTestFailed, test } from "vitest";
import { randomBelow } from "../../bench/cases/random.js";
import { tableDigest } from "../../bench/harness/tableReader.js";
import { linuxBuilds, runLinux } from "../../bench/peers/linux/linuxPeer.js";
import { armLpaeS1, armMaliLpae, IoPageTable, TableMemory } from "../../bindings/index.js";

const CALLS = 4000;
const GIGA = 2 ** 30;
const SIZES = [2 ** 12, 2 ** 21, GIGA];
/** Each has leaves of one size only: where they meet, 6.12 splits, which later kernels and we refuse. */
const REGIONS = 6;
const U64 = 2n ** 64n - 1n;

interface Call {
  readonly map: boolean;
  readonly iova: number;
  readonly paddr: number;
  readonly pageSize: number;
  readonly pages: number;
  readonly prot: number;
}

function randomCalls(below: (limit: number) => number): Call[] {
  return Array.from({ length: CALLS }, () => {
    const region = below(REGIONS);
    const pageSize = SIZES[region % SIZES.length] ?? GIGA;
    const slots = Math.min(GIGA / pageSize, 4096);
    return {
      map: below(3) !== 0,
      iova: region * 512 * GIGA + below(pageSize === GIGA ? 512 : slots) * pageSize,
      paddr: below(2 ** 39 / pageSize) * pageSize,
      pageSize,
      pages: 1 + below(700),
      // Of the kernel's protections all but the last, which only stage 1 has: read, write, cache, no execution, MMIO.
      prot: below(32),
    };
  });
}

const wordsOf = (calls: readonly Call[]): BigUint64Array =>
  BigUint64Array.from(
    calls.flatMap(({ map, iova, paddr, pageSize, pages, prot }) =>
      [map ? 1 : 0, iova, paddr, pageSize, prot * 65536 + pages].map(BigInt),
    ),
  );

/** @returns what `replay` of peer.c prints */
function replayOurs<R>(
  memory: TableMemory,
  table: IoPageTable<R>,
  root: (registers: R) => bigint,
  calls: Call[],
): string {
  let result = 0n;
  for (const { map, iova, paddr, pageSize, pages, prot } of calls) {
    const bytes = map
      ? table.mapPages(iova, paddr, pageSize, pages, prot).mapped
      : table.unmapPages(iova, pageSize, pages);
    result = (result * 31n + BigInt(bytes)) & U64;
  }
  table.trim();
  const rootPaddr = Number(root(table.registers) & ~0xfffn);
  return `${result} ${tableDigest({ buffer: memory.buffer, physBase: memory.physBase, rootPaddr })}\n`;
}

describe.skipIf(linuxBuilds.length === 0)("Linux's own code", () => {
  const flush = { flushAll() {}, flushWalk() {}, flushRange() {} };
  const cases = ["s1", "mali"].flatMap((format) => linuxBuilds.map((build) => ({ format, build })));

  test.each(cases)("makes the same tables: $format, $build", ({ format, build }) => {
    const seed = Date.now() % 2 ** 32;
    onTestFailed(() => console.error(`seed ${seed}`));
    const calls = randomCalls(randomBelow(seed));
    const memory = TableMemory.create({ bytes: 2 ** 26 });
    const pageSizes = SIZES;
    let ours: string;
    if (format === "mali") {
      const table = new IoPageTable(memory, { format: armMaliLpae({ ias: 48, oas: 40, pageSizes }), flush });
      ours = replayOurs(memory, table, ({ transtab }) => transtab, calls);
      table.destroy();
    } else {
      const table = new IoPageTable(memory, { format: armLpaeS1({ ias: 48, oas: 48, pageSizes }), flush });
      ours = replayOurs(memory, table, ({ ttbr }) => ttbr, calls);
      table.destroy();
    }
    expect(runLinux(build, ["replay", format], wordsOf(calls))).toBe(ours);
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});
