import { describe, expect, test } from "vitest";
import { entryReader } from "../../bindings/entries.js";
import { IoPageTable, IoPgtableError, Prot, TableMemory, x86_64 } from "../../bindings/index.js";

const CONFIG = { ias: 48, oas: 52 };

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof IoPgtableError) return error.code;
    throw error;
  }
  return "no error";
}

describe("entryReader", () => {
  test("reads each entry of a walk as the walk has it", () => {
    const memory = TableMemory.create({ bytes: 2 ** 20 });
    const flush = { flushAll() {}, flushWalk() {}, flushRange() {} };
    const table = new IoPageTable(memory, { format: x86_64(CONFIG), flush });
    table.map(0x20_0000, 0x8000_0000, 0x20_0000, Prot.READ);
    const reader = entryReader("x86_64", CONFIG);
    const steps = table.walk(0x20_0000);
    expect(steps.map(({ level }) => level)).toEqual([3, 2, 1]);
    for (const { level, kind, entry, size } of steps) {
      expect(reader.describe(entry, level)).toMatchObject({ level, kind, size });
    }
    expect(reader.describe(steps.at(-1)?.entry ?? 0n, 1)).toMatchObject({ paddr: 0x8000_0000n, prot: Prot.READ });
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  test("has the levels by the architecture's numbers, root first, and what an entry of each covers", () => {
    const page = { ...CONFIG, oas: 48 };
    expect(entryReader("armLpaeS1", page).levels).toEqual([
      { level: 0, covers: 2 ** 39 },
      { level: 1, covers: 2 ** 30 },
      { level: 2, covers: 2 ** 21 },
      { level: 3, covers: 2 ** 12 },
    ]);
    const short = entryReader("armV7s", { ias: 32, oas: 32 });
    expect([short.bits, short.levels]).toEqual([
      32,
      [
        { level: 1, covers: 2 ** 20 },
        { level: 2, covers: 2 ** 12 },
      ],
    ]);
  });

  test("refuses what is no format, no level and no entry", () => {
    expect(codeOf(() => entryReader("x86", CONFIG))).toBe("EINVAL");
    expect(codeOf(() => entryReader("x86_64", { ias: 30, oas: 52 }))).toBe("EINVAL");
    expect(codeOf(() => entryReader("x86_64", CONFIG).describe(0n, 4))).toBe("EINVAL");
    expect(codeOf(() => entryReader("armV7s", { ias: 32, oas: 32 }).describe(1n << 32n, 1))).toBe("EINVAL");
    expect(codeOf(() => entryReader("x86_64", CONFIG).describe(-1n, 0))).toBe("EINVAL");
  });
});
