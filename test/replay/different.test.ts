import { describe, expect, test } from "vitest";
import type { CheckName } from "../../bindings/cli/replay/differences.js";
import { replay } from "../../bindings/cli/replay/replay.js";
import type { Report } from "../../bindings/cli/replay/report.js";
import { recordLines, recordTables, type SnapshotDocument, writeRecord } from "./records.js";

const LINES = recordLines("arm-nvme-16k");
const BLOCK_LINES = recordLines("arm-vblk-strict");
const TABLES = recordTables("arm-nvme-16k");

/** The nth line of a kind, with one field altered. @returns the record and the number of the altered line */
function alter(lines: readonly string[], kind: string, nth: number, field: number, value: string): [string[], number] {
  let seen = 0;
  const at = lines.findIndex((line) => line.startsWith(`${kind} `) && ++seen === nth);
  const fields = (lines[at] ?? "").split(" ");
  expect(fields[field]).not.toBe(value);
  fields[field] = value;
  return [lines.with(at, fields.join(" ")), at + 1];
}

async function differencesOf(lines: readonly string[], tables?: SnapshotDocument): Promise<Report> {
  const report = await replay({ file: writeRecord(lines, tables), timing: false });
  expect(report.verdict.equal).toBe(false);
  expect(report.verdict.text).toMatch(/^DIFFERENT: \d+ difference/);
  expect(report.nanoseconds).toBeNull();
  return report;
}

/** The leaves of a snapshot's domain in a copy that may be altered. */
function alteredLeaves(tag: string, alterLeaves: (leaves: [string, string, number, string, number][]) => void) {
  const copy = structuredClone(TABLES);
  const domains = copy.snapshots.find(({ snapshot }) => snapshot === tag)?.domains ?? {};
  const [domain] = Object.values(domains);
  alterLeaves(domain?.leaves ?? []);
  return copy;
}

describe("one altered answer of the kernel is a difference", () => {
  const cases: [CheckName, string, number, number, string][] = [
    ["map", "M", 40, 7, "0"],
    ["map", "M", 40, 8, "-17"],
    ["unmap", "U", 40, 6, "8000"],
    ["look-up", "T", 40, 3, "12345678"],
    ["gather", "S", 40, 2, "ffffffff"],
    ["gather", "S", 40, 3, "2000000"],
    ["flush", "I", 40, 2, "8000"],
  ];
  test.each(cases)("%s: line %s number %d, field %d", async (check, kind, nth, field, value) => {
    const [lines, at] = alter(LINES.slice(0, 3000), kind, nth, field, value);
    const report = await differencesOf(lines);
    expect(report.differences.first[0]).toMatchObject({ check, line: at });
  });

  test("an invalidation of an unlinked table that our map would not ask for", async () => {
    const at = BLOCK_LINES.findIndex((line) => line.startsWith("M 0 fec00000 57a00000 200000"));
    expect(at).toBeGreaterThan(0);
    const lines = BLOCK_LINES.slice(0, at + 1).toSpliced(at, 0, "I fec00000 200000 1000 0x12");
    const report = await differencesOf(lines);
    expect(report.differences.first).toEqual([
      {
        check: "flush",
        line: at + 2,
        what: "map 0xfec00000",
        expected: "flushWalk 0xfec00000 + 0x200000 by 0x1000",
        got: "no flush",
      },
    ]);
  });

  test("another gather at the entry of an unmap", async () => {
    const at = BLOCK_LINES.findIndex((line) => /^U 0 \S+ \S+ \d+ [0-9a-f]+,/.test(line));
    const [before = "", gather = ""] = /^(?:\S+ ){5}(\S+)/.exec(BLOCK_LINES[at] ?? "") ?? [];
    const other = before.replace(gather, gather.replace(",200000", ",1000"));
    const line = (BLOCK_LINES[at] ?? "").replace(before, other);
    const report = await differencesOf(BLOCK_LINES.slice(0, at + 3).with(at, line));
    expect(report.differences.first[0]).toMatchObject({ check: "gather", line: at + 1 });
  });

  test("page counts that the API refuses are told, not thrown", async () => {
    const [lines, at] = alter(LINES.slice(0, 200), "M", 4, 5, "0");
    const report = await differencesOf(lines);
    expect(report.differences.first[0]).toMatchObject({ check: "map", line: at });
  });
});

describe("one difference in a snapshot is found", () => {
  test("a flipped bit in one leaf", async () => {
    let flippedAt = "";
    const tables = alteredLeaves("mid3", (leaves) => {
      const leaf = leaves[200];
      if (!leaf) return;
      flippedAt = leaf[0];
      leaf[3] = `0x${(BigInt(leaf[3]) ^ (1n << 7n)).toString(16)}`;
    });
    const { differences } = await differencesOf(LINES, tables);
    expect(differences.total).toBe(1);
    expect(differences.first[0]).toMatchObject({ check: "leaf", what: `leaf at ${flippedAt}` });
  });

  test("a leaf that the kernel does not have", async () => {
    const tables = alteredLeaves("mid2", (leaves) => leaves.splice(7, 1));
    const { differences } = await differencesOf(LINES, tables);
    expect(differences).toMatchObject({ total: 1, first: [{ check: "leaf", expected: "nothing" }] });
  });

  test("a leaf that only the kernel has", async () => {
    const tables = alteredLeaves("mid2", (leaves) => leaves.push(["0x10000", "0x40000000", 16_384, "0x40000fc7", 3]));
    const { differences } = await differencesOf(LINES, tables);
    expect(differences).toMatchObject({ total: 1, first: [{ check: "leaf", got: "nothing" }] });
  });

  test("a leaf of another size or level, and a table page more", async () => {
    const tables = alteredLeaves("mid2", (leaves) => {
      if (leaves[0]) leaves[0][2] = 2 ** 25;
      if (leaves[1]) leaves[1][4] = 2;
    });
    const [domain] = Object.values(tables.snapshots.find(({ snapshot }) => snapshot === "mid2")?.domains ?? {});
    domain?.tables?.push({ level: 3, iova_base: "0x0" });
    const { differences } = await differencesOf(LINES, tables);
    expect(differences.first.map(({ check }) => check)).toEqual(["leaf", "leaf", "table page"]);
  });

  test("a register of the context descriptor", async () => {
    const tables = structuredClone(TABLES);
    for (const { devices } of tables.snapshots) for (const { cd_fields } of devices) if (cd_fields) cd_fields.SH0 = 2;
    const { differences } = await differencesOf(LINES, tables);
    expect(differences.first[0]).toMatchObject({ check: "registers", got: "another SH0" });
  });

  test("same_as_snapshot is followed", async () => {
    const tables = structuredClone(TABLES);
    const domains = tables.snapshots.find(({ snapshot }) => snapshot === "mid3")?.domains ?? {};
    const [root = ""] = Object.keys(domains);
    domains[root] = { same_as_snapshot: "mid2" };
    const { marks } = await differencesOf(LINES, tables);
    expect(marks.map(({ leaves }) => leaves)).toEqual([701, 701]);
  });
});

test("the first differences are told in full, the rest is counted", async () => {
  const lines = LINES.slice(0, 3000).map((line) => (line.startsWith("T ") ? line.replace(/\S+$/, "1000") : line));
  const lookUps = lines.filter((line) => line.startsWith("T ")).length;
  const { differences } = await differencesOf(lines);
  expect(differences.total).toBe(lookUps);
  expect(differences.first).toHaveLength(10);
});
