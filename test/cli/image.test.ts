// Page tables in files: against the leaf lists of the records, which an independent walker made, and against tables of our own.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { armLpaeS1, IoPageTable, Prot, TableMemory } from "../../bindings/index.js";
import { runCli, traceFile } from "./runCli.js";

interface MappingJson {
  iova: string;
  paddr: string;
  size: number;
  pageSize: number;
  prot: string[];
}
interface DumpJson {
  format: string;
  mappings: MappingJson[];
  stats: { tablePages: number; mappedBytes: number };
}

const temporary = (name: string): string => join(mkdtempSync(join(tmpdir(), "io-pgtable-cli-")), name);

async function json<T>(command: string, ...args: string[]): Promise<T> {
  return JSON.parse((await runCli(command, [...args, "--json"])).out) as T;
}

/** Runs taken apart into leaves. */
function leavesOf(mappings: readonly MappingJson[]): string[] {
  return mappings.flatMap(({ iova, paddr, size, pageSize }) =>
    Array.from({ length: size / pageSize }, (_, index) => {
      const by = BigInt(index * pageSize);
      return `${(BigInt(iova) + by).toString(16)} ${(BigInt(paddr) + by).toString(16)} ${pageSize}`;
    }),
  );
}

interface SnapshotFile {
  snapshots: {
    snapshot: string;
    domains: Record<string, { leaves?: [string, string, number][]; n_table_pages?: number; same_as_snapshot?: string }>;
  }[];
}

describe.each([
  ["arm-nvme-16k", "armLpaeS1"],
  ["arm-vblk-strict", "armLpaeS1"],
  ["vtd-vblk-39", "vtdSecondStage"],
  ["amd-vblk-forcedac", "amdV1"],
] as const)("the snapshots of %s", (name, format) => {
  const file = traceFile(`${name}.tables.json.gz`);
  const { snapshots } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as SnapshotFile;
  const places = snapshots.flatMap(({ snapshot, domains }) =>
    Object.entries(domains).map(([root, { leaves = [], n_table_pages, same_as_snapshot }]) => ({
      snapshot,
      root,
      leaves,
      n_table_pages,
      same_as_snapshot,
    })),
  );

  test.each(places.filter(({ same_as_snapshot }) => same_as_snapshot === undefined))(
    "$snapshot $root: dump has the leaves and table pages that are there",
    async ({ snapshot, root, leaves, n_table_pages }) => {
      const dump = await json<DumpJson>("dump", file, "--snapshot", snapshot, "--root", root);
      expect(dump.format).toBe(format);
      const expected = leaves.map(
        ([iova, paddr, size]) => `${BigInt(iova).toString(16)} ${BigInt(paddr).toString(16)} ${size}`,
      );
      expect(leavesOf(dump.mappings).sort()).toEqual(expected.sort());
      expect(dump.stats.tablePages).toBe(n_table_pages);
    },
  );
});

/** A table of our own, as the memory of a machine that was cut off after so many bytes. */
function rawImage(cut?: number): { file: string; options: string[] } {
  const memory = TableMemory.create({ bytes: 2 ** 20, physBase: 0x8000_0000, shared: false });
  const table = new IoPageTable(memory, {
    format: armLpaeS1({ ias: 39, oas: 40 }),
    flush: { flushAll() {}, flushWalk() {}, flushRange() {} },
  });
  table.map(0x1000, 0x9000_0000, 0x3000, Prot.READ | Prot.WRITE);
  table.map(0x4000, 0xa000_0000, 0x1000, Prot.READ | Prot.CACHE);
  table.map(0x20_0000, 0xb000_0000, 0x20_0000, Prot.READ | Prot.WRITE | Prot.NOEXEC);
  const bytes = new Uint8Array(memory.buffer.slice(0, cut));
  const file = temporary("ram.bin");
  writeFileSync(file, bytes);
  const root = `0x${table.registers.ttbr.toString(16)}`;
  table.destroy();
  return {
    file,
    options: ["--base", "0x80000000", "--format", "armLpaeS1", "--ias", "39", "--oas", "40", "--root", root],
  };
}

describe("raw memory", () => {
  test("is dumped as runs, filtered and entry by entry; plain and gzip alike", async () => {
    const { file, options } = rawImage();
    const lines = async (...more: string[]): Promise<string[]> =>
      (await runCli("dump", [file, ...options, ...more])).out.trimEnd().split("\n");
    const [small, cached, large, total] = await lines();
    expect(small).toBe("0x1000..0x3fff -> 0x90000000  3 x 4K  READ,WRITE");
    expect(cached).toBe("0x4000..0x4fff -> 0xa0000000  1 x 4K  READ,CACHE");
    expect(large).toBe("0x200000..0x3fffff -> 0xb0000000  1 x 2M  READ,WRITE,NOEXEC");
    expect(total).toMatch(/4 x 4K \+ 1 x 2M; 3 table pages/);
    expect((await lines("--range", "0x2000..0x2fff"))[0]).toBe("0x2000..0x2fff -> 0x90001000  1 x 4K  READ,WRITE");
    expect((await lines("--range", "0x2000+12K")).slice(0, -1)).toEqual([
      "0x2000..0x3fff -> 0x90001000  2 x 4K  READ,WRITE",
      cached,
    ]);
    expect((await lines("--range", "0x200123")).slice(0, -1)).toEqual([large]);
    expect((await lines("--allows", "WRITE", "--lacks", "NOEXEC")).slice(0, -1)).toEqual([small]);
    expect((await lines("--leaf", "2M")).slice(0, -1)).toEqual([large]);
    const zipped = temporary("ram.bin.gz");
    writeFileSync(zipped, gzipSync(readFileSync(file)));
    expect((await runCli("dump", [zipped, ...options])).out.split("\n")[0]).toBe(small);
    expect((await lines("--entries")).map((line) => line.slice(0, 3))).toEqual([
      "R 0",
      "T 1",
      "T 2",
      "P 3",
      "P 3",
      "P 3",
      "P 3",
      "P 2",
    ]);
  });

  test("is walked: where an address leads, by which entries; exit status 1 where nothing is mapped", async () => {
    const { file, options } = rawImage();
    const found = await runCli("walk", [file, "0x2123", ...options]);
    expect(found.status).toBe(0);
    expect(found.out).toMatch(
      /^0x2123 -> 0x90001123\n {2}level 1 .*table at .*\n {2}level 2 .*table at .*\n {2}level 3 .*leaf of 4K at 0x90001000, READ,WRITE\n$/,
    );
    const hole = await runCli("walk", [file, "0x2123", "0x9000", ...options]);
    expect(hole.status).toBe(1);
    expect(hole.out).toContain("0x9000 nothing is mapped there");
    expect((await runCli("walk", [file, "0x2123", "--fields", ...options])).out).toMatch(
      /AP\[2\] +0x0 +read and write/,
    );
    const { walks } = await json<{ walks: { paddr: string; steps: { kind: string }[] }[] }>(
      "walk",
      file,
      "0x2123",
      ...options,
    );
    expect(walks[0]).toMatchObject({
      paddr: "0x90001123",
      steps: [{ kind: "table" }, { kind: "table" }, { kind: "leaf" }],
    });
  });

  test("whose tables lead out of it: exit status 1, and what was found before", async () => {
    const whole = rawImage();
    const root = Number(BigInt(whole.options.at(-1) ?? "0") - 0x8000_0000n);
    const { file, options } = rawImage(root + 4096);
    const dump = await runCli("dump", [file, ...options]);
    expect(dump.status).toBe(1);
    expect(dump.err).toMatch(/outside the memory \(EFAULT\)\n$/);
    const walk = await runCli("walk", [file, "0x2000", ...options]);
    expect(walk.status).toBe(1);
    expect(walk.out).toContain("outside the memory");
  });
});

describe("diff", () => {
  test("tells what only one of two tables says; exit status 1", async () => {
    const one = rawImage();
    const memory = TableMemory.create({ bytes: 2 ** 20, physBase: 0x8000_0000, shared: false });
    const flush = { flushAll() {}, flushWalk() {}, flushRange() {} };
    const filler = new IoPageTable(memory, { format: armLpaeS1({ ias: 39, oas: 40 }), flush });
    const table = new IoPageTable(memory, { format: armLpaeS1({ ias: 39, oas: 40, pageSizes: [4096] }), flush });
    table.map(0x1000, 0x9000_0000, 0x1000, Prot.READ | Prot.WRITE);
    table.map(0x2000, 0x9900_0000, 0x1000, Prot.READ | Prot.WRITE);
    table.map(0x3000, 0x9000_2000, 0x1000, Prot.READ);
    table.map(0x5000, 0xc000_0000, 0x1000, Prot.READ);
    table.map(0x20_0000, 0xb000_0000, 0x20_0000, Prot.READ | Prot.WRITE | Prot.NOEXEC);
    const other = temporary("other.bin");
    writeFileSync(other, new Uint8Array(memory.buffer.slice(0)));
    const root = `0x${table.registers.ttbr.toString(16)}`;
    const args = [one.file, other, ...one.options, "--other-root", root];
    filler.destroy();
    table.destroy();
    const sizes = await runCli("diff", [...args, "--ignore-sizes"]);
    expect(sizes.status).toBe(1);
    expect(sizes.out.split("\n").slice(2, -2)).toEqual([
      "- 0x2000..0x2fff -> 0x90001000  1 x 4K  READ,WRITE",
      "+ 0x2000..0x2fff -> 0x99000000  1 x 4K  READ,WRITE",
      "- 0x3000..0x3fff -> 0x90002000  1 x 4K  READ,WRITE",
      "+ 0x3000..0x3fff -> 0x90002000  1 x 4K  READ",
      "- 0x4000..0x4fff -> 0xa0000000  1 x 4K  READ,CACHE",
      "+ 0x5000..0x5fff -> 0xc0000000  1 x 4K  READ",
    ]);
    const all = await json<{
      equal: boolean;
      differences: { before: MappingJson | null; after: MappingJson | null }[];
    }>("diff", ...args);
    expect(all.equal).toBe(false);
    expect(all.differences.at(-1)).toMatchObject({
      before: { pageSize: 2 ** 21 },
      after: { pageSize: 4096, size: 2 ** 21 },
    });
    expect(all.differences).toHaveLength(5);
  });

  test("of equal tables: exit status 0", async () => {
    const { file, options } = rawImage();
    expect(await runCli("diff", [file, file, ...options])).toMatchObject({ status: 0, err: "" });
    const snapshots = traceFile("arm-nvme-16k.tables.json.gz");
    expect((await runCli("diff", [snapshots, "--snapshot", "mid1", "--other-snapshot", "end"])).status).toBe(0);
    expect((await runCli("diff", [snapshots, "--snapshot", "mid1", "--other-snapshot", "mid2"])).status).toBe(1);
  });
});

const SNAPSHOTS = traceFile("arm-nvme-16k.tables.json.gz");

test.each([
  ["dump", ["/no/such/file"], /no such file/],
  ["dump", [SNAPSHOTS, "--snapshot", "nonsense"], /there are probe, mid1, mid2, mid3, end/],
  ["dump", [SNAPSHOTS, "--root", "0x1000"], /has the roots 0x55c38000/],
  ["dump", [SNAPSHOTS, "--base", "0"], /raw memory needs --format and --root/],
  ["dump", [SNAPSHOTS, "--entries", "--json"], /--entries is text/],
  ["dump", [traceFile("arm-nvme-16k.ops.gz")], /not a file of page-table snapshots/],
  ["dump", [SNAPSHOTS, "--range", "0x2000..0x1000"], /FIRST\.\.LAST/],
  ["dump", [SNAPSHOTS, "--range", "x"], /64 bits/],
  ["dump", [SNAPSHOTS, "--snapshot", "end", "--snapshot", "mid1"], /given more than once/],
  ["walk", [SNAPSHOTS], /an image and one or more addresses/],
  ["diff", [SNAPSHOTS, SNAPSHOTS, SNAPSHOTS], /one or two images/],
] as const)("%s %s is refused in one line, with exit status 2", async (command, args, why) => {
  const { status, out, err } = await runCli(command, args);
  expect({ status, out }).toEqual({ status: 2, out: "" });
  expect(err).toMatch(/^io-pgtable \w+: [^\n]+\n$/);
  expect(err).toMatch(why);
});
