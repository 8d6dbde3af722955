import { describe, expect, it } from "vitest";
import {
  amdV1,
  arm32LpaeS1,
  armLpaeS1,
  armLpaeS2,
  armMaliLpae,
  type Format,
  flushedByOwner,
  IoPageTable,
  TableMemory,
} from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { flushJournal } from "./support/flushJournal.js";

const { flush } = flushJournal();
const good = () => ({ format: armLpaeS1({ ias: 48, oas: 48 }), flush });
const alloc = () => null;
const free = () => undefined;

/** The constructor with arguments that its types forbid. */
function construct(memory: unknown, options: unknown): unknown {
  const Table = IoPageTable as unknown as new (memory: unknown, options: unknown) => unknown;
  return new Table(memory, options);
}

describe("the constructor refuses", () => {
  it.each([
    { says: "no options", options: undefined },
    { says: "no flush operations", options: { ...good(), flush: undefined } },
    { says: "null for flush operations", options: { ...good(), flush: null } },
    { says: "no flushAll", options: { ...good(), flush: { ...flush, flushAll: undefined } } },
    { says: "no flushWalk", options: { ...good(), flush: { ...flush, flushWalk: undefined } } },
    { says: "no flushRange", options: { ...good(), flush: { ...flush, flushRange: undefined } } },
    { says: "a flushRange that cannot be called", options: { ...good(), flush: { ...flush, flushRange: 1 } } },
    { says: "a mapped that cannot be called", options: { ...good(), flush: { ...flush, mapped: true } } },
    { says: "half an allocator: no free", options: { ...good(), allocator: { alloc } } },
    { says: "half an allocator: no alloc", options: { ...good(), allocator: { free } } },
    { says: "no format", options: { flush } },
    {
      says: "a format that no function of the library made",
      options: { ...good(), format: { name: "ARM_64_LPAE_S1" } },
    },
    { says: "an unknown kind of gather", options: { ...good(), gatherRanges: "all" } },
  ])("$says", ({ options }) => {
    const memory = TableMemory.create({ bytes: 2 ** 22 });
    failureOf(() => construct(memory, options), "EINVAL");
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it.each([undefined, {}, new WebAssembly.Memory({ initial: 1 })])("what is no memory of the library", (memory) => {
    failureOf(() => construct(memory, good()), "EINVAL");
  });

  it.each([undefined, "", 1])("flushedByOwner without a reason: %o", (reason) => {
    failureOf(() => flushedByOwner(reason as unknown as string), "EINVAL");
  });
});

describe("a format", () => {
  it.each([
    {
      says: "changeTop",
      make: () => amdV1({ ias: 64, oas: 52, startLevels: 3, changeTop: () => undefined }) as Format,
    },
    {
      says: "syncForDevice",
      make: () => armLpaeS1({ ias: 48, oas: 48, coherentWalk: false, syncForDevice: () => undefined }) as Format,
    },
  ])("that has callbacks ($says) serves one table", ({ make }) => {
    const memory = TableMemory.create({ bytes: 2 ** 22 });
    const format = make();
    using _first = new IoPageTable(memory, { format, flush });
    const pages = memory.stats().tablePagesInUse;
    failureOf(() => new IoPageTable(memory, { format, flush }), "EINVAL");
    expect(memory.stats().tablePagesInUse).toBe(pages);
    using _other = new IoPageTable(memory, { format: make(), flush });
  });

  it("without callbacks serves any number", () => {
    const memory = TableMemory.create({ bytes: 2 ** 22 });
    const format = armLpaeS1({ ias: 48, oas: 48 });
    const tables = [1, 2, 3].map(() => new IoPageTable(memory, { format, flush }));
    expect(new Set(tables.map((table) => table.registers.ttbr)).size).toBe(3);
    for (const table of tables) table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});

describe("a configuration is refused", () => {
  const lpae = { ias: 48, oas: 48 };
  it.each<{ says: string; make: () => Format; code: "EINVAL" | "ENOTSUP" }>([
    { says: "output size that no register code names", make: () => armLpaeS1({ ias: 48, oas: 37 }), code: "EINVAL" },
    { says: "no page size of the format", make: () => armLpaeS1({ ...lpae, pageSizes: [8192] }), code: "EINVAL" },
    { says: "no page size at all", make: () => armLpaeS1({ ...lpae, pageSizes: [] }), code: "EINVAL" },
    { says: "ias NaN", make: () => armLpaeS1({ ias: Number.NaN, oas: 48 }), code: "EINVAL" },
    { says: "ias a fraction", make: () => armLpaeS1({ ias: 40.5, oas: 48 }), code: "EINVAL" },
    { says: "ias below a page", make: () => armLpaeS1({ ias: 12, oas: 48 }), code: "EINVAL" },
    { says: "oas negative", make: () => amdV1({ ias: 48, oas: -1 }), code: "EINVAL" },
    {
      says: "32-bit stage 1 with more input than it has",
      make: () => arm32LpaeS1({ ias: 39, oas: 40 }),
      code: "EINVAL",
    },
    { says: "Mali with more output than it has", make: () => armMaliLpae({ ias: 48, oas: 48 }), code: "EINVAL" },
    {
      says: "Mali with the 16K granule",
      make: () => armMaliLpae({ ias: 36, oas: 36, pageSizes: [2 ** 14] }),
      code: "EINVAL",
    },
    { says: "stage 2 root of more than 16 tables", make: () => armLpaeS2({ ias: 44, oas: 40 }), code: "EINVAL" },
    {
      says: "ARM_OUTER_WBWA with a coherent walker",
      make: () => armLpaeS1({ ...lpae, quirks: ["ARM_OUTER_WBWA"] }),
      code: "EINVAL",
    },
    {
      says: "stage 2 with a quirk of stage 1",
      make: () => armLpaeS2({ ...lpae, quirks: ["ARM_TTBR1"] }),
      code: "ENOTSUP",
    },
    {
      says: "stage 1 with a quirk of stage 2",
      make: () => armLpaeS1({ ...lpae, quirks: ["ARM_S2FWB"] }),
      code: "ENOTSUP",
    },
    { says: "Mali with a quirk", make: () => armMaliLpae({ ias: 40, oas: 40, quirks: ["ARM_NS"] }), code: "ENOTSUP" },
    { says: "nine memory attributes", make: () => armLpaeS1({ ...lpae, mair: new Array(9).fill(0) }), code: "EINVAL" },
    { says: "a memory attribute of nine bits", make: () => armLpaeS1({ ...lpae, mair: [256] }), code: "EINVAL" },
    {
      says: "AMDv1 with a walker that does not snoop",
      make: () => amdV1({ ...lpae, coherentWalk: false }),
      code: "ENOTSUP",
    },
    { says: "AMDv1 from one level", make: () => amdV1({ ...lpae, startLevels: 1 }), code: "EINVAL" },
    { says: "AMDv1 from seven levels", make: () => amdV1({ ...lpae, startLevels: 7 }), code: "EINVAL" },
    { says: "an encryption bit beyond the entry", make: () => amdV1({ ...lpae, encryptionBit: 60 }), code: "EINVAL" },
  ])("$says", ({ make, code }) => {
    const memory = TableMemory.create({ bytes: 2 ** 22 });
    failureOf(() => new IoPageTable(memory, { format: make(), flush }), code);
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it("clamps addresses and drops sizes that the granule does not have, and shows what it became", () => {
    const memory = TableMemory.create({ bytes: 2 ** 22 });
    const format = armLpaeS1({ ias: 64, oas: 52, pageSizes: [2 ** 12, 2 ** 16, 2 ** 21] });
    using table = new IoPageTable(memory, { format, flush });
    expect([table.ias, table.oas, [...table.pageSizes]]).toEqual([48, 48, [2 ** 12, 2 ** 21]]);
  });
});
