// A walker over tables that somebody else built: it reads what an IoPageTable made, and stands anything that a hostile guest
// can put there instead.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Access, amdV1, armLpaeS1, type Format, IoPageTable, Prot, TableMemory } from "../../bindings/index.js";
import type { Configuration } from "../configurations/configuration.js";
import { smallestPage } from "../configurations/geometry.js";
import { SHAPES } from "../configurations/list.js";
import { configureRuns } from "../property/seed.js";
import { failureOf, outcomeOf } from "./support/failure.js";
import { flushJournal } from "./support/flushJournal.js";
import { RawTables } from "./support/rawTables.js";

const RW = Prot.READ | Prot.WRITE;
const stage1 = () => armLpaeS1({ ias: 48, oas: 48 });
const amd = () => amdV1({ ias: 48, oas: 52 });

/** A table of the library's, and a walker that knows nothing but its root. */
function builtAndOpened(format: () => Format, base = 0n) {
  const memory = TableMemory.create({ bytes: 2 ** 23 });
  const built = new IoPageTable(memory, { format: format(), flush: flushJournal().flush });
  const root = built.walk(base)[0]?.entryPaddr ?? 0;
  const opened = IoPageTable.open(memory, { format: format(), root });
  return { memory, built, opened, root, raw: new RawTables(memory) };
}

function populate(table: IoPageTable, c: Configuration): void {
  const page = Number(smallestPage(c));
  const largest = Number(c.pageSizes.at(1) ?? c.pageSizes[0]);
  table.map(c.base + BigInt(page), 2 * page, 3 * page, Prot.READ);
  table.map(c.base + BigInt(4 * largest), 8 * largest, 2 * largest, RW);
  table.map(c.base + 2n ** BigInt(c.ias) - BigInt(page), page, page, Prot.READ | Prot.NOEXEC);
}

describe.each(SHAPES.filter(({ name }) => !name.includes("growing")))("open, $name", (c) => {
  it("reads what the library built, and keeps nothing", () => {
    const { memory, built, opened, raw } = builtAndOpened(() => c.format(), c.base);
    populate(built, c);
    const bytes = raw.bytes();
    expect(opened.dump()).toBe(built.dump());
    expect([...opened.dumpLines()]).toEqual([...built.dumpLines()]);
    expect([...opened.mappings()]).toEqual([...built.mappings()]);
    for (const { iova } of built.mappings()) {
      expect(opened.iovaToPhys(iova)).toBe(built.iovaToPhys(iova));
      expect(opened.iovaToPhys64(iova)).toBe(built.iovaToPhys64(iova));
      expect(opened.walk(iova)).toEqual(built.walk(iova));
      expect(opened.access(Number(iova), Access.READ)).toBe(built.access(Number(iova), Access.READ));
    }
    expect([opened.ias, opened.oas, opened.pageSizes]).toEqual([built.ias, built.oas, built.pageSizes]);
    expect(Buffer.compare(raw.bytes(), bytes)).toBe(0);

    const page = Number(smallestPage(c));
    built.unmap(c.base + BigInt(page), page);
    expect(opened.iovaToPhys(c.base + BigInt(page))).toBeNull();
    built.map(c.base + BigInt(page), 16 * page, page, RW);
    expect(opened.iovaToPhys(c.base + BigInt(page))).toBe(16 * page);
    opened.destroy();
    expect(built.iovaToPhys(c.base + BigInt(page))).toBe(16 * page);
    built.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});

describe("an opened table", () => {
  it.each<[string, (table: IoPageTable) => unknown]>([
    ["map", (table) => table.map(0, 0, 0x1000, RW)],
    ["unmap", (table) => table.unmap(0x5000, 0x1000)],
    ["mapPages", (table) => table.mapPages(0, 0, 0x1000, 1, RW)],
    ["unmapPages", (table) => table.unmapPages(0x5000, 0x1000, 1)],
    ["mapRange", (table) => table.mapRange(0, 0, 0x1000, RW)],
    ["unmapRange", (table) => table.unmapRange(0x5000, 0x1000)],
    ["trim", (table) => table.trim()],
  ])("does not change: %s", (name, call) => {
    const { built, opened } = builtAndOpened(stage1);
    built.map(0x5000, 0x1000, 0x1000, RW);
    const dump = built.dump();
    expect(failureOf(() => call(opened), "ENOTSUP").operation).toBe(name);
    expect(built.dump()).toBe(dump);
  });

  it.each([Number.NaN, -1, 0.5, "0", undefined, [], 0x80000008])("has no root at %o", (root) => {
    const { memory } = builtAndOpened(stage1);
    failureOf(() => IoPageTable.open(memory, { format: stage1(), root: root as number }), "EINVAL", "EFAULT");
  });

  it("has no root outside the memory", () => {
    const { memory } = builtAndOpened(stage1);
    const readRoot = () => IoPageTable.open(memory, { format: stage1(), root: 0x1000 }).walk(0);
    failureOf(readRoot, "EINVAL", "EFAULT");
  });
});

/** Every way to read one address, when the walk leaves the memory. */
function expectFault(table: IoPageTable, iova: number): void {
  for (const read of ["iovaToPhys", "iovaToPhys64", "walk"] as const) {
    expect(failureOf(() => table[read](iova), "EFAULT").operation).toBe(read);
  }
  expect(table.access(iova, Access.READ)).toBeLessThan(0);
  const out = new Float64Array(1);
  expect(table.translate(Float64Array.of(iova), out)).toBe(0);
  expect(out[0]).toBeLessThan(0);
}

function expectInvalid(table: IoPageTable, iova: number): void {
  expect(table.walk(iova).at(-1)?.kind).toBe("invalid");
  expect(table.iovaToPhys(iova)).toBeNull();
  expect(table.iovaToPhys64(iova)).toBeNull();
  expect(table.access(iova, Access.READ)).toBeLessThan(0);
  const out = new Float64Array(1);
  expect(table.translate(Float64Array.of(iova), out)).toBe(0);
  expect(out[0]).toBeLessThan(0);
}

describe("hostile words", () => {
  it.each([
    { says: "below the memory", format: stage1, entry: 0x0000000000001003n },
    { says: "above the memory", format: stage1, entry: 0x0000fffffffff003n },
    { says: "at its last bytes", format: stage1, entry: 0x000000017ffff003n },
    { says: "below the memory", format: amd, entry: 0x6000000000001601n },
    { says: "above the memory", format: amd, entry: 0x600ffffffffff601n },
  ])("a table pointer $says: EFAULT", ({ format, entry }) => {
    const { opened, root, raw } = builtAndOpened(format);
    raw.write(root, entry);
    expectFault(opened, 0x5000);
    failureOf(() => opened.dump(), "EFAULT");
    failureOf(() => [...opened.mappings()], "EFAULT");
    expect(opened.iovaToPhys(2 ** 40)).toBeNull();
  });

  it.each([
    { says: "ARM: type 0b01 at level 3", format: stage1, level: 3, entry: 0x5e41n },
    { says: "ARM: a block at level 0", format: stage1, level: 0, entry: 0xe41n },
    { says: "AMD: a table entry among leaves", format: amd, level: 0, entry: 0x6000000080000201n },
    { says: "AMD: a child above its table", format: amd, level: 1, entry: 0x6000000080000a01n },
    { says: "AMD: a page of all ones", format: amd, level: 0, entry: 0x600ffffffffffe01n },
  ])("$says: invalid, and translates to nothing", ({ format, level, entry }) => {
    const { built, opened, raw } = builtAndOpened(format);
    built.map(0, 0x1000, 0x1000, RW);
    const step = built.walk(0).find((s) => s.level === level);
    raw.write(step?.entryPaddr ?? 0, entry);
    expectInvalid(opened, 0);
    expect(opened.iovaToPhys(2 ** 40)).toBeNull();
  });

  it.each([
    { says: "ARM", format: stage1, pointer: (paddr: number) => BigInt(paddr) | 3n },
    { says: "AMD", format: amd, pointer: (paddr: number) => BigInt(paddr) | 0x6000000000000601n },
  ])("a table that points to itself ends like any other: $says", ({ format, pointer }) => {
    const { opened, root, raw } = builtAndOpened(format);
    for (let index = 0; index < 512; index++) raw.write(root + 8 * index, pointer(root));
    const steps = opened.walk(0x123456789000);
    expect(steps.length).toBeLessThanOrEqual(6);
    expect(outcomeOf(() => opened.iovaToPhys(0x123456789000))).toBeDefined();
    expect(typeof opened.access(0x123456789000, Access.READ)).toBe("number");
  });

  it.each([
    { says: "ARM", format: stage1 },
    { says: "AMD", format: amd },
  ])("that lead to the same empty table along 512^3 ways are looked through once: $says", ({ format }) => {
    const { built, opened, raw } = builtAndOpened(format);
    built.map(0, 0x1000, 0x1000, RW);
    const steps = built.walk(0);
    for (const step of steps.slice(0, -1)) raw.fill(step, Array(512).fill(step.entry));
    raw.write(steps.at(-1)?.entryPaddr ?? 0, 0n);
    expect([...opened.mappings()]).toEqual([]);
    expect(opened.stats().mappedBytes).toBe(0);
    raw.write((steps.at(-1)?.entryPaddr ?? 0) + 8, steps.at(-1)?.entry ?? 0n);
    const first = opened.mappings().next();
    expect(first.value).toMatchObject({ iova: 0x1000n, paddr: 0x1000, size: 0x1000 });
  });

  it("are seen at the next call: nothing is cached", () => {
    const { built, opened, raw } = builtAndOpened(stage1);
    built.map(0, 0x5000, 0x2000, RW);
    expect(opened.iovaToPhys(0x1000)).toBe(0x6000);
    const leaf = built.walk(0x1000).at(-1)?.entryPaddr ?? 0;
    raw.write(leaf, 0x9e43n);
    expect(opened.iovaToPhys(0x1000)).toBe(0x9000);
    expect(opened.access(0x1000, Access.READ)).toBe(0x9000);
    raw.write(leaf, 0n);
    expect(opened.iovaToPhys(0x1000)).toBeNull();
  });

  it.each([
    { says: "ARM", format: stage1 },
    { says: "AMD", format: amd },
  ])("of any value are read without a trap, a hang or a write: $says", ({ format }) => {
    const { memory, built, opened, raw } = builtAndOpened(format);
    built.map(0, 0x1000, 0x1000, RW);
    const steps = built.walk(0);
    const inside = fc.nat(2 ** 11).map((page) => BigInt(memory.physBase + page * 4096));
    const address = fc.oneof(
      inside,
      fc.bigInt({ min: 0n, max: 2n ** 52n - 1n }).map((x) => x & ~0xfffn),
    );
    const attributes = fc.oneof(
      fc.constantFrom(1n, 3n, 0x201n, 0x401n, 0x601n, 0xe01n),
      fc.bigInt({ min: 0n, max: 4095n }),
    );
    const high = fc.constantFrom(0n, 0x6000000000000000n, 0xfff0000000000000n);
    const word = fc.tuple(address, attributes, high).map(([a, b, c]) => a | b | c);
    const page = fc.array(word, { minLength: 1, maxLength: 16 });
    const property = fc.property(fc.array(page, { minLength: 4, maxLength: 4 }), fc.nat(15), (pages, index) => {
      pages.forEach((entries, depth) => {
        const step = steps[depth];
        if (step) raw.fill(step, entries);
      });
      const bytes = raw.bytes();
      const iova = index * 4096 + 5;
      const answers = [
        outcomeOf(() => opened.iovaToPhys(iova)),
        outcomeOf(() => opened.walk(iova)),
        outcomeOf(() => opened.mappings(0, 2 ** 21).next()),
      ];
      for (const answer of answers) if ("code" in answer) expect(answer.code).toBe("EFAULT");
      const access = opened.access(iova, Access.READ);
      expect(Number.isSafeInteger(access)).toBe(true);
      const out = Float64Array.of(Number.NaN);
      expect(opened.translate(Float64Array.of(iova), out)).toBe((out[0] ?? 0) >= 0 ? 1 : 0);
      expect(Buffer.compare(raw.bytes(), bytes)).toBe(0);
    });
    fc.assert(property, configureRuns(60));
  });
});
