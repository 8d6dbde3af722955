// More to flush and to write back than the core can note at once: nothing of it may be lost.
import { describe, expect, it } from "vitest";
import { amdV1, armLpaeS1, type Format, Prot, vtdSecondStage } from "../../bindings/index.js";
import { useTable } from "./support/fixture.js";
import type { FlushEvent } from "./support/flushJournal.js";

const K4 = 0x1000;
const M1 = 2 ** 20;
const G1 = 2 ** 30;
const RW = Prot.READ | Prot.WRITE;
const every = (count: number, step: number): number[] => Array.from({ length: count }, (_, i) => i * step);

/** Those of the addresses that no flush names. */
function unflushed(addresses: readonly number[], flushes: readonly FlushEvent[]): number[] {
  const names = (flush: FlushEvent, iova: bigint): boolean =>
    flush.kind === "all" || (flush.iova <= iova && iova < flush.iova + flush.size);
  return addresses.filter((iova) => !flushes.some((flush) => names(flush, BigInt(iova))));
}

it("every page that gave way to large leaves is flushed, where each is a range of its own", () => {
  useTable(amdV1({ ias: 39, oas: 40, pageSizes: [K4, M1] }), ({ table, journal }) => {
    // 128 to a leaf, but 96 to the eighth: when that is done, there is room for 32 more.
    const pages = every(9 * 128, 2 * K4).filter((iova) => iova < 8 * M1 - 64 * K4 || iova >= 8 * M1);
    for (const iova of pages) table.map(iova, G1 + iova, K4, RW);
    table.replace(0, 2 * G1, 9 * M1, RW);
    const flushes = journal.take();
    expect(unflushed(pages, flushes)).toEqual([]);
    expect(flushes.length).toBe(pages.length);
  });
});

describe("a block of 1 GiB that gives way to 512 tables, for a walker that does not snoop", () => {
  let synced: { first: number; last: number }[] = [];
  const syncForDevice = (paddr: number, bytes: number): void => {
    synced.push({ first: paddr, last: paddr + bytes - 1 });
  };
  const incoherent = { ias: 39, oas: 40, coherentWalk: false, syncForDevice };
  it.each<{ name: string; format: () => Format }>([
    { name: "VT-d", format: () => vtdSecondStage(incoherent) },
    { name: "ARM", format: () => armLpaeS1(incoherent) },
    { name: "ARM that needs no break", format: () => armLpaeS1({ ...incoherent, breakBeforeMake: "never" }) },
  ])("$name: is flushed, and all that was written is written back", ({ format }) => {
    useTable(format(), ({ table, memory, journal }) => {
      table.map(0, G1, G1, RW);
      synced = [];
      table.replace(0, 2 * G1 + K4, G1, RW);
      expect(journal.take()).toEqual([{ kind: "range", iova: 0n, size: BigInt(G1), granule: BigInt(G1) }]);
      const entries = every(512, 2 * M1).flatMap((iova) => table.walk(iova).map((step) => step.entryPaddr));
      expect(entries.length).toBe(3 * 512);
      const end = memory.physBase + memory.stats().bytes;
      const isInside = (first: number, last: number): boolean => first >= memory.physBase && last < end;
      expect(synced.filter(({ first, last }) => first % 8 !== 0 || !isInside(first, last))).toEqual([]);
      expect(entries.filter((at) => !synced.some(({ first, last }) => first <= at && at + 7 <= last))).toEqual([]);
    });
  });
});
