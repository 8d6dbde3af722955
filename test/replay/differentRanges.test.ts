// Records of the drivers that map by ranges: what is altered is found, also beside what differs on purpose.
import { describe, expect, test } from "vitest";
import type { CheckName } from "../../bindings/cli/replay/differences.js";
import { replay } from "../../bindings/cli/replay/replay.js";
import type { Report } from "../../bindings/cli/replay/report.js";
import { type RecordName, recordLines, recordTables, type SnapshotDocument, writeRecord } from "./records.js";

const VTD = recordLines("vtd-vblk-39").slice(0, 43_600);
const AMD = recordLines("amd-vblk-forcedac").slice(0, 54_000);

const run = (lines: readonly string[], tables?: SnapshotDocument): Promise<Report> =>
  replay({ file: writeRecord(lines, tables), timing: false });

/** The first line from `from` on that the pattern fits, replaced. @returns the record, and the number of the altered line */
function alter(lines: readonly string[], pattern: RegExp, to: string, from = 0): [string[], number] {
  const at = lines.findIndex((line, index) => index >= from && pattern.test(line));
  expect(at, `no line like ${pattern}`).toBeGreaterThanOrEqual(0);
  const altered = (lines[at] ?? "").replace(pattern, to);
  expect(altered).not.toBe(lines[at]);
  return [lines.with(at, altered), at + 1];
}

test("unaltered, the parts that are altered below are equal", async () => {
  for (const lines of [VTD, AMD]) expect((await run(lines)).differences.first).toEqual([]);
});

describe("one altered answer of the kernel is a difference", () => {
  const cases: [string, CheckName, string[], RegExp, string, number][] = [
    ["bytes mapped on VT-d", "map", VTD, /^(M .*) 1000 0$/, "$1 0 0", 40],
    ["an errno on VT-d", "map", VTD, /^(M .*) 0$/, "$1 -17", 40],
    ["bytes unmapped on VT-d", "unmap", VTD, /^(U .*) 1000$/, "$1 2000", 40],
    ["a look-up on VT-d", "look-up", VTD, /^(T 0 \w+) \w+$/, "$1 12345678", 40],
    ["the range of a sync on VT-d", "gather", VTD, /^S (\w+)000 (\w+fff) /, "S $1000 1$2 ", 40],
    ["the gather at the entry of an unmap", "gather", VTD, /^(U .*) bf800000,bf9fffff/, "$1 bf800000,bfafffff", 43_000],
    ["an invalidated range on VT-d", "flush", VTD, /^I (\w+) (\w+fff) 1$/, "I $1 1$2 1", 40],
    ["a hint that says tables for leaves", "flush", VTD, /^(I ff\w+ \w+fff) 1$/, "$1 0", 100],
    ["a hint that says leaves for tables", "flush", VTD, /^(I ff200000 ff3fffff) 0$/, "$1 1", 43_000],
    ["bytes mapped on AMD", "map", AMD, /^(M .*) 1000 0$/, "$1 0 0", 40],
    ["bytes unmapped on AMD", "unmap", AMD, /^(U .*) 8000$/, "$1 4000", 40],
    ["the byte of a look-up near the end of 64 bits", "look-up", AMD, /^(T 0 f{12}\w{4} \w+)\w$/, "$1f", 40],
    ["the range of a sync on AMD", "gather", AMD, /^S (f\w+000) f{12}(\w)fff 0$/, "S $1 ffffffffffffefff 0", 40],
    ["an invalidated range on AMD", "flush", AMD, /^(I f\w+) 1000$/, "$1 2000", 40],
  ];
  test.each(cases)("%s", async (_, check, lines, pattern, to, from) => {
    // AMD's invalidations for maps are not compared: the one after a sync is altered.
    const start = check === "flush" ? lines.findIndex((line, index) => index >= from && line.startsWith("S ")) : from;
    const [altered, at] = alter(lines, pattern, to, start);
    const report = await run(altered);
    expect(report.differences.first[0]).toMatchObject({ check, line: at });
  });

  test("a table that a map unlinked, whose invalidation the kernel's record lacks", async () => {
    const at = VTD.indexOf("I ff600000 ff7ff000 0");
    const report = await run(VTD.toSpliced(at, 1));
    expect(report.differences.first).toEqual([
      {
        check: "flush",
        line: at + 1,
        what: "map 0xff600000",
        expected: "no flush",
        got: "flushWalk 0xff600000 + 0x200000 by 0x1000",
      },
    ]);
  });
});

/** The record up to its first mark, and its snapshot of that mark's domain. */
function firstMark(name: RecordName) {
  const lines = recordLines(name);
  const end = lines.findIndex((line) => line.startsWith("C ")) + 1;
  const [, tag, , root = ""] = (lines[end - 1] ?? "").split(" ");
  const tables = recordTables(name);
  const snapshot = tables.snapshots.find((each) => each.snapshot === tag);
  const domain = snapshot?.domains[root];
  const device = snapshot?.devices.find((each) => each.root === root);
  if (!domain?.leaves || !domain.tables || !device) throw new Error(`${name} has no snapshot of its first mark`);
  return { lines: lines.slice(0, end), tables, leaves: domain.leaves, pages: domain.tables, device };
}

test("in a snapshot of VT-d's tables nothing but write-only leaves differs on purpose", async () => {
  const { lines, tables, leaves, pages, device } = firstMark("vtd-nvme-strict");
  // What the driver stores as 3 was asked for as write-only or as both.
  const withBits = (low: bigint) => leaves.filter(([, , , raw]) => (BigInt(raw) & 3n) === low);
  const [both, alsoBoth] = withBits(3n);
  const [readOnly, alsoReadOnly] = withBits(1n);
  const flips = [
    [both, 2n],
    [alsoBoth, 1n << 11n],
    [readOnly, 2n],
    [alsoReadOnly, 3n],
  ] as const;
  const flipped = flips.map(([leaf, bits]) => {
    if (leaf) leaf[3] = `0x${(BigInt(leaf[3]) ^ bits).toString(16)}`;
    return leaf?.[0];
  });
  const lowered = leaves.findLast(([iova]) => !flipped.includes(iova));
  if (lowered) lowered[4] = 2;
  device.AW = 1;
  pages.push({ level: 1, iova_base: "0x40000000", nonzero: 0 });
  const { differences, table } = await run(lines, tables);
  const leafText = [...flipped, lowered?.[0]].map((iova) => `leaf at ${iova}`);
  expect(differences.first.map(({ what }) => what).sort()).toEqual(
    [...leafText, "table page, level 0 at 0x40000000", "registers of vtdSecondStage"].sort(),
  );
  expect(table.registersEqual).toBe(false);
});

describe("in a snapshot of AMD's tables", () => {
  test("a table that we lack is a deliberate difference only where the kernel's is empty", async () => {
    const { lines, tables, pages } = firstMark("amd-vblk-forcedac");
    const kept = pages.find(({ iova_base }) => iova_base === "0xfffffffffa200000");
    if (kept) kept.nonzero = 1;
    const { differences, deliberate } = await run(lines, tables);
    expect(differences.first).toMatchObject([
      { check: "table page", what: "table page, level 0 at 0xfffffffffa200000", got: "missing" },
    ]);
    // The kernel kept twelve.
    expect(deliberate).toMatchObject([{ count: 11 }]);
  });

  test("one that only we have is none, and a mode before the growth is another register", async () => {
    const { lines, tables, pages, device } = firstMark("amd-nvme-strict");
    pages.pop();
    device.mode = 4;
    const { differences } = await run(lines, tables);
    expect(differences.first.map(({ check, got }) => `${check}: ${got}`)).toEqual([
      "table page: there",
      "registers: another mode",
    ]);
  });
});
