// Every protection there is, explicit shareability and memory types with all combinations of flags: what each entry gives is read back, by all calls alike.
import { describe, expect, it } from "vitest";
import { type IoPageTable, Prot, TableMemory } from "../../../bindings/index.js";
import { type Fixture, useTable } from "../../bindings/support/fixture.js";
import type { Configuration } from "../../configurations/configuration.js";
import { CONFIGURATIONS } from "../../configurations/list.js";
import { canSay, EXCEPTIONS, isContradiction, PROTECTIONS, readingOf } from "../../configurations/memory.js";
import { lowestRange, sizesOfLevels } from "./addresses.js";

/** One leaf for each protection, all of the same memory, so that none joins its neighbour. */
interface Rows {
  iova: bigint;
  size: number;
  paddr: number;
  prots: readonly number[];
}

const RW = Prot.READ | Prot.WRITE;
const memory = (): TableMemory => TableMemory.create({ bytes: 2 ** 24, physBase: 0 });
const isTaken = (c: Configuration, prot: number): boolean =>
  canSay(c, prot) && ((prot & Prot.WRITE) !== 0 || !c.needsWrite);
const taken = (c: Configuration): number[] => PROTECTIONS.filter((prot) => isTaken(c, prot));

/** Rows as long as the input range has room for; the address of each is a multiple of its leaves. */
function* rowsOf(c: Configuration, size: bigint, prots: readonly number[]): Generator<Rows> {
  const { iova, size: bytes } = lowestRange(c);
  const room = Number(bytes / size) - 1;
  const paddr = Number(size) < 2 ** (c.paddrBits - 1) ? Number(size) : 0;
  for (let first = 0; first < prots.length; first += room) {
    yield { iova: iova + size, size: Number(size), paddr, prots: prots.slice(first, first + room) };
  }
}

type Maker = (table: IoPageTable, iova: bigint, rows: Rows, prot: number) => void;
const map: Maker = (table, iova, { paddr, size }, prot) => table.map(iova, paddr, size, prot);

function make(table: IoPageTable, rows: Rows, maker: Maker): void {
  rows.prots.forEach((prot, i) => {
    maker(table, rows.iova + BigInt(i * rows.size), rows, prot);
  });
}

function unmap(table: IoPageTable, { iova, size, prots }: Rows): void {
  table.unmap(iova, size * prots.length);
}

/** The leaves' entries as hardware reads them, in order. */
const entriesOf = (table: IoPageTable): string[] => [...table.dumpLines()].filter((line) => line.startsWith("P"));
const readBack = (table: IoPageTable): number[] => [...table.mappings()].map(({ prot }) => prot);
const named = (prots: readonly number[]): string[] => prots.map((prot) => prot.toString(2));

const CALLS: Record<string, Maker> = {
  mapPages: (table, iova, { paddr, size }, prot) => table.mapPages(iova, paddr, size, 1, prot),
  mapRange: (table, iova, { paddr, size }, prot) => table.mapRange(iova, paddr, size, prot),
  mapList: (table, iova, { paddr, size }, prot) => table.mapList(iova, [paddr], size, prot),
  mapFrames: (table, iova, { paddr, size }, prot) => table.mapFrames(iova, Float64Array.of(paddr / size), size, prot),
  mapSegments: (table, iova, { paddr, size }, prot) => table.mapSegments(iova, [{ paddr, size }], prot),
  mapRepeat: (table, iova, { paddr, size }, prot) => table.mapRepeat(iova, size, { paddr, size }, prot),
  replace: (table, iova, { paddr, size }, prot) => {
    table.map(iova, paddr, size, RW);
    table.replace(iova, paddr, size, prot);
  },
  protect: (table, iova, { paddr, size }, prot) => {
    table.map(iova, paddr, size, RW);
    table.protect(iova, size, prot);
  },
};

describe.each(CONFIGURATIONS.map((c) => [c.name, c] as const))("%s", (_, c) => {
  it("reads every protection back, at every level", () => {
    const body = (table: IoPageTable) => {
      for (const size of sizesOfLevels(c)) {
        for (const rows of rowsOf(c, size, taken(c))) {
          make(table, rows, map);
          expect(named(readBack(table))).toEqual(named(rows.prots.map((prot) => readingOf(c, prot))));
          expect(table.iovaToPhys(rows.iova)).toBe(rows.paddr);
          unmap(table, rows);
        }
      }
    };
    useTable(c.format(), ({ table }) => body(table), { memory: memory() });
  });
});

/** What a format makes of protections, with all that it depends on. */
const kindOf = (c: Configuration): string =>
  [
    c.format().name,
    c.memory?.types,
    c.dirty?.bit,
    c.needsWrite,
    ...PROTECTIONS.map((prot) => readingOf(c, prot)),
  ].join();
const KINDS = [...new Map(CONFIGURATIONS.toReversed().map((c) => [kindOf(c), c])).values()];

describe.each(KINDS.map((c) => [c.name, c] as const))("%s", (_, c) => {
  /** All protections that it takes, as pages. */
  const eachRow = (prots: readonly number[], body: (table: IoPageTable, rows: Rows) => void): void => {
    const onTable = ({ table }: Fixture<unknown>) => {
      for (const rows of rowsOf(c, c.pageSizes[0] ?? 0n, prots)) {
        body(table, rows);
        unmap(table, rows);
      }
    };
    useTable(c.format(), onTable, { memory: memory() });
  };

  it("reads back exactly what was asked for, but where it is one of the exceptions", () => {
    const exact = taken(c).filter((prot) => !EXCEPTIONS.some(({ applies }) => applies(c, prot)));
    expect(exact.length).toBeGreaterThan(0);
    eachRow(exact, (table, rows) => {
      make(table, rows, map);
      expect(named(readBack(table))).toEqual(named(rows.prots));
    });
  });

  it("says the same in walk(), and makes the same entry of it again; entries that differ read differently", () => {
    const entries = new Map<number, string>();
    eachRow(taken(c), (table, rows) => {
      make(table, rows, map);
      const read = readBack(table);
      const leaves = rows.prots.map((_, i) => table.walk(rows.iova + BigInt(i * rows.size)).at(-1));
      expect(leaves.map((leaf) => leaf?.prot)).toEqual(read);
      const made = entriesOf(table);
      unmap(table, rows);
      make(table, { ...rows, prots: read }, map);
      expect(entriesOf(table)).toEqual(made);
      for (const [i, prot] of read.entries()) entries.set(prot, leaves[i]?.entry.toString(16) ?? "");
    });
    expect(new Set(entries.values()).size).toBe(entries.size);
  });

  it.each(Object.entries(CALLS))("%s makes the entries that map makes", (_call, maker) => {
    eachRow(taken(c), (table, rows) => {
      make(table, rows, map);
      const expected = entriesOf(table);
      unmap(table, rows);
      make(table, rows, maker);
      expect(entriesOf(table)).toEqual(expected);
    });
  });

  it("refuses with ENOTSUP what it cannot say, and with strictProtection what would be lost", () => {
    const [size, { iova }] = [Number(c.pageSizes[0]), lowestRange(c)];
    const codes = (strictProtection: boolean): string[] => {
      const refused: string[] = [];
      const body = ({ table }: Fixture<unknown>) => {
        for (const prot of PROTECTIONS) {
          // Linux's call answers with a code, where others throw it.
          const { error } = table.mapPages(iova, 0, size, 1, prot);
          refused.push(error ?? "");
          if (error === null) table.unmap(iova, size);
        }
      };
      useTable(c.format(), body, { memory: memory(), strictProtection });
      return refused;
    };
    const isLost = (prot: number): boolean =>
      isContradiction(c, prot) || EXCEPTIONS.some(({ lost, applies }) => lost && applies(c, prot));
    const expected = PROTECTIONS.map((prot) => (canSay(c, prot) ? (isTaken(c, prot) ? "" : "EINVAL") : "ENOTSUP"));
    expect(codes(false)).toEqual(expected);
    const strictly = codes(true);
    for (const [i, prot] of PROTECTIONS.entries()) {
      const says = `strictly, protection ${prot.toString(2)}`;
      const isAsIs = expected[i] === "" && !isLost(prot | c.adds);
      expect(strictly[i] === "", says).toBe(isAsIs);
      expect(["", "ENOTSUP", expected[i]], says).toContain(strictly[i]);
    }
  });
});
