import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { replay } from "../../bindings/cli/replay/replay.js";
import { UnusableInput } from "../../bindings/cli/replay/unusableInput.js";
import { recordFile, recordLines, recordTables, writeRecord, writeTemporary } from "./records.js";

const COMPRESSED = readFileSync(recordFile("arm-nvme-16k"));

/** @returns the one line that the user is told */
async function refusal(file: string, tables?: string, format?: string): Promise<string> {
  const error = await replay({ file, tables, format, timing: false }).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UnusableInput);
  const { message } = error as UnusableInput;
  expect(message).not.toContain("\n");
  expect(message.startsWith(`${file}: `) || (tables !== undefined && message.startsWith(`${tables}: `))).toBe(true);
  return message;
}

describe("input that cannot be used is refused with one line", () => {
  test("no such file, a directory, nothing in it", async () => {
    expect(await refusal("/no/such/file.ops")).toMatch(/no such file$/);
    expect(await refusal(tmpdir())).toMatch(/is a directory$/);
    expect(await refusal(writeTemporary("empty.ops", ""))).toMatch(/empty$/);
    expect(await refusal(writeTemporary("blank.ops", "\n\n\n"))).toMatch(/empty$/);
    expect(await refusal(writeTemporary("empty.ops.gz", gzipSync("")))).toMatch(/empty$/);
  });

  test("text and bytes of another kind", async () => {
    expect(await refusal(writeTemporary("prose.ops", "It was a dark and stormy night.\n"))).toMatch(/neither/);
    expect(await refusal(writeTemporary("prose.gz", gzipSync("word\n".repeat(5000))))).toMatch(/neither/);
    expect(await refusal(writeTemporary("core.wasm", new Uint8Array(3 << 20).fill(0x80)))).toMatch(/no text/);
  });

  test("ftrace text without a map or unmap, a record of calls without any", async () => {
    expect(await refusal(writeTemporary("other.trace", "# tracer: nop\n#\n"))).toMatch(/no iommu:map or iommu:unmap/);
    expect(await refusal(writeTemporary("none.ops", "F\nA\nD 0 0x1\n"))).toMatch(/no map or unmap/);
  });

  test("gzip that was cut off, and gzip with a flipped byte", async () => {
    expect(await refusal(writeTemporary("cut.ops.gz", COMPRESSED.subarray(0, 100_000)))).toMatch(/damaged gzip data/);
    const flipped = Buffer.from(COMPRESSED);
    flipped.writeUInt8(flipped.readUInt8(150_000) ^ 0x10, 150_000);
    // A flipped bit may still inflate to something: then a line is malformed, or the checksum at the end tells.
    expect(await refusal(writeTemporary("flipped.ops.gz", flipped))).toMatch(/damaged gzip data|line \d+: /);
  });

  test.each([
    ["M 0 1000 2000 1000 1 3 1000", "8 fields where 9 belong"],
    ["M 0 1000 2000 1000 1 3 10q0 0", '"10q0" is no hexadecimal number'],
    ["M x 1000 2000 1000 1 3 1000 0", '"x" is no decimal number'],
    ["M 99999 1000 2000 1000 1 3 1000 0", "domain 99999 is not in 0..65535"],
    ["U 0 1000 1000 1 1000", "6 fields where 7 belong"],
    ["I 1000 2000 1", "an invalidation that is not of this record's kind"],
    ["Q 1", 'unknown kind of line "Q"'],
  ])("a malformed line: %s", async (line, why) => {
    const lines = [...recordLines("arm-nvme-16k").slice(0, 20), line];
    expect(await refusal(writeRecord(lines))).toContain(`line 21: ${why}`);
  });

  test("addresses that the format does not have", async () => {
    const lines = ["D 0 0x1", "M 0 ffffffffffffe000 1000 2000 1 3 2000 0", "I ffffffffffffe000 2000"];
    expect(await refusal(writeRecord(lines), undefined, "armLpaeS1")).toMatch(
      /line 2: armLpaeS1 has no room for it: 0xffffffffffffe000 \+ 0x2000 is outside its 48-bit input \(--skip /,
    );
    const high = lines.with(1, "M 0 1000 100000000 1000 1 3 1000 0");
    expect(await refusal(writeRecord(high), undefined, "armV7s")).toMatch(
      /line 2: .*output address 0x100000000 \+ 0x1000 is outside its 32-bit output/,
    );
    const last = lines.with(1, "M 0 1000 fffff000 1000 1 3 1000 0").with(2, "I 1000 1000");
    const kept = await replay({ file: writeRecord(last), format: "armV7s", timing: false });
    expect(kept.verdict.equal).toBe(true);
    const event = "x-1 [000] ..... 1.0: map: IOMMU: iova=0x200 - 0x300 paddr=0x200 size=256\n";
    expect(await refusal(writeTemporary("small.trace", event))).toMatch(
      /line 1: .*0x200 \+ 0x100 is no multiple of its smallest page, 0x1000/,
    );
  });

  test("tables that are damaged, that lack the snapshot, or have no mark to be compared at", async () => {
    const record = recordFile("arm-nvme-16k");
    expect(await refusal(record, writeTemporary("t.json", "{"))).toMatch(/not a file of page-table snapshots/);
    expect(await refusal(record, writeTemporary("t.json", "[]"))).toMatch(/not a file of page-table snapshots/);
    expect(await refusal(record, writeTemporary("t.json", '{"granule":16384,"snapshots":[]}'))).toMatch(
      /no snapshot "mid2"/,
    );
    const tables = recordTables("arm-nvme-16k");
    for (const { domains } of tables.snapshots) for (const domain of Object.values(domains)) delete domain.leaves;
    expect(await refusal(record, writeTemporary("t.json", JSON.stringify(tables)))).toMatch(/a snapshot is damaged/);
    const unmarked = writeRecord(recordLines("arm-nvme-16k").slice(0, 100));
    expect(await refusal(unmarked, writeTemporary("t.json", JSON.stringify(tables)))).toMatch(/no mark/);
  });
});
