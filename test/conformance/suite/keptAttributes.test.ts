// A leaf that is split, and leaves that are joined, keep their attributes: their entries are those that a map of the same size makes.
import { describe, expect, it } from "vitest";
import { armV7s, type IoPageTable, Prot, TableMemory } from "../../../bindings/index.js";
import { useTable } from "../../bindings/support/fixture.js";
import type { Configuration } from "../../configurations/configuration.js";
import { heightOf } from "../../configurations/geometry.js";
import { CONFIGURATIONS } from "../../configurations/list.js";
import { canSay } from "../../configurations/memory.js";
import { highestPaddr, lowestRange } from "./addresses.js";

const { READ, WRITE, CACHE, NOEXEC, MMIO, PRIV, SHARE_NONE, SHARE_INNER, SHARE_OUTER } = Prot;
const RW = READ | WRITE;

/** Each flag set and not, each memory type, each shareability. */
const PROTECTIONS = [
  RW,
  READ,
  WRITE,
  RW | NOEXEC,
  RW | CACHE,
  RW | MMIO,
  RW | PRIV,
  READ | CACHE | NOEXEC,
  ...[SHARE_NONE, SHARE_INNER, SHARE_OUTER].map((share) => RW | share),
  ...Array.from({ length: 16 }, (_, type) => RW | Prot.memoryType(type)),
];
const taken = (c: Configuration): number[] =>
  PROTECTIONS.filter((prot) => canSay(c, prot) && ((prot & WRITE) !== 0 || !c.needsWrite));

/** As many small leaves as tables of the format hold. */
const MOST = 2n ** 13n;

/** Neighbouring leaf sizes that the input range has room for, with an aligned address. */
interface Pair {
  iova: bigint;
  /** As high as the entries can say, so that all address bits that may be one are. */
  paddr: number;
  small: number;
  large: number;
}

function pairsOf(c: Configuration): Pair[] {
  const { iova, size } = lowestRange(c);
  return c.pageSizes.slice(1).flatMap((large, i) => {
    const small = c.pageSizes[i] ?? large;
    const fits = large <= size && large < 2n ** BigInt(c.paddrBits) && large / small <= MOST && iova % large === 0n;
    const paddr = Number(highestPaddr(c, large));
    return fits ? [{ iova, paddr, small: Number(small), large: Number(large) }] : [];
  });
}

/** Leaves of several tables become one that is a single item; a leaf of several items is made of leaves beside each other. */
function isJoined(c: Configuration, small: number, large: number): boolean {
  const height = heightOf(c, BigInt(large));
  return 2 ** (c.shifts[height] ?? 0) === large || heightOf(c, BigInt(small)) === height;
}

/** The leaves' entries as hardware reads them, in order. */
const entriesOf = (table: IoPageTable): string[] => [...table.dumpLines()].filter((line) => line.startsWith("P"));

/** One configuration of each kind of entry. */
const kindOf = (c: Configuration): string =>
  [c.format().name, c.groups, c.itemLg2, c.shifts, c.pageSizes, c.paddrBits, c.memory?.types, c.dirty?.bit].join();
const KINDS = [...new Map(CONFIGURATIONS.toReversed().map((c) => [kindOf(c), c])).values()];

describe.each(KINDS.filter((c) => pairsOf(c).length > 0).map((c) => [c.name, c] as const))("%s", (_, c) => {
  const each = (body: (table: IoPageTable, pair: Pair, prot: number) => void): void => {
    useTable(
      c.format(),
      ({ table }) => {
        for (const pair of pairsOf(c)) {
          for (const prot of taken(c)) {
            body(table, pair, prot);
            table.unmap(pair.iova, pair.large);
          }
        }
      },
      { memory: TableMemory.create({ bytes: 2 ** 24, physBase: 0 }) },
    );
  };

  it("a split leaf", () => {
    each((table, { iova, paddr, small, large }, prot) => {
      table.map(iova, paddr, large, prot);
      table.unmap(iova, small);
      const kept = entriesOf(table);
      table.unmap(iova, large);
      table.map(iova + BigInt(small), paddr + small, large - small, prot);
      expect(kept).toEqual(entriesOf(table));
    });
  });

  it("leaves that are joined", () => {
    each((table, { iova, paddr, small, large }, prot) => {
      if (!isJoined(c, small, large)) return;
      for (let at = 0; at < large; )
        at += table.mapPages(iova + BigInt(at), paddr + at, small, (large - at) / small, prot).mapped;
      table.coalesce(iova, large);
      const joined = entriesOf(table);
      table.unmap(iova, large);
      table.map(iova, paddr, large, prot);
      expect(joined).toEqual(entriesOf(table));
    });
  });
});

/** DDI 0406C, B3.5.1: NS is bit 19 of a section and a supersection, and bit 3 of the descriptor of a table, for all pages below. */
describe("v7s, ARM_NS", () => {
  it("a supersection's sections stay non-secure, and the table of one of them is", () => {
    const format = armV7s({ ias: 32, oas: 32, quirks: ["ARM_NS"] });
    useTable(format, ({ table }) => {
      table.map(0x0100_0000, 0x0300_0000, 0x0100_0000, RW);
      expect(table.walk(0x0100_0000)[0]?.entry).toBe(0x030f_1c02n);
      table.unmap(0x0100_0000, 0x0010_0000);
      expect(table.walk(0x01f0_0000)[0]?.entry).toBe(0x03fb_1c02n);
      table.unmap(0x0110_0000, 0x1000);
      expect((table.walk(0x0110_1000)[0]?.entry ?? 0n) & 0x3ffn).toBe(0x9n);
      expect(table.walk(0x0110_1000)[1]?.entry).toBe(0x0310_1c72n);
    });
  });
});
