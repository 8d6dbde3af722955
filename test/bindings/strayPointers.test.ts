// Entries that something else has written, and pages offered by an allocator: what the library's records say of the bytes that they point to.
import { describe, expect, it } from "vitest";
import { armLpaeS1, armV7s, type Format, IoPageTable, Prot, TableMemory } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { flushJournal } from "./support/flushJournal.js";
import { guestMemory } from "./support/guestMemory.js";
import { RawTables } from "./support/rawTables.js";

const RW = Prot.READ | Prot.WRITE;
const PAGE = 0x1000;
const MIB = 2 ** 20;
const { flush } = flushJournal();
const small = () => armLpaeS1({ ias: 39, oas: 48, pageSizes: [PAGE] });

describe("a map does not follow an entry", () => {
  it("to memory in which no table ever was", () => {
    const memory = TableMemory.create({ bytes: 4 * MIB });
    memory.float64Array(1000);
    const table = new IoPageTable(memory, { format: small(), flush });
    table.map(0, PAGE, PAGE, RW);
    const raw = new RawTables(memory);
    const entry = table.walk(0)[1]?.entryPaddr ?? 0;
    const whole = raw.read(entry);
    const untouched = memory.physBase + memory.buffer.byteLength - MIB;
    const before = Buffer.from(raw.bytes());
    for (let at = untouched; at < untouched + 0x1_0000; at += PAGE) {
      raw.write(entry + 8, (whole & 0xfffn) | BigInt(at));
      failureOf(() => table.map(2 * MIB, 5 * PAGE, PAGE, RW), "EFAULT");
    }
    raw.write(entry + 8, 0n);
    expect(
      new Uint8Array(memory.buffer).subarray(-MIB).every((byte, i) => byte === before[before.length - MIB + i]),
    ).toBe(true);
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it("to memory in which no small table ever was", () => {
    const memory = TableMemory.create({ bytes: 4 * MIB, physBase: 0 });
    memory.float64Array(1000);
    const table = new IoPageTable(memory, { format: armV7s({ ias: 32, oas: 32, pageSizes: [PAGE] }), flush });
    table.map(0, PAGE, PAGE, RW);
    const words = new Uint32Array(memory.buffer);
    const entry = (table.walk(0)[0]?.entryPaddr ?? 0) / 4;
    const whole = words[entry] ?? 0;
    const untouched = memory.buffer.byteLength - MIB;
    for (let at = untouched; at < untouched + 0x1_0000; at += 1024) {
      words[entry] = (whole & 0x3ff) | at;
      failureOf(() => table.map(PAGE, 5 * PAGE, PAGE, RW), "EFAULT");
    }
    words[entry] = whole;
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it("to a root, its own or another's", () => {
    const memory = TableMemory.create({ bytes: MIB });
    const [table, other] = [0, 1].map(() => new IoPageTable(memory, { format: small(), flush }));
    if (table === undefined || other === undefined) throw new Error("two tables");
    table.map(0, PAGE, PAGE, RW);
    other.map(0, PAGE, PAGE, RW);
    const raw = new RawTables(memory);
    const steps = table.walk(0);
    const entry = steps[1]?.entryPaddr ?? 0;
    const whole = raw.read(entry);
    for (const root of [steps[0]?.entryPaddr ?? 0, other.walk(0)[0]?.entryPaddr ?? 0]) {
      raw.write(entry + 8, (whole & 0xfffn) | BigInt(root));
      failureOf(() => table.map(2 * MIB, 5 * PAGE, PAGE, RW), "EFAULT");
    }
    raw.write(entry + 8, 0n);
    for (const each of [table, other]) each.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});

it.each([0, 1, 2, 3])("a page is refused in whose KiB number %i a short root is", (kib) => {
  const { memory } = guestMemory();
  const at = (offset: number, format: Format) => {
    let next = offset;
    const alloc = (): number => {
      next += PAGE;
      return next - PAGE;
    };
    return new IoPageTable(memory, { format, flush, allocator: { alloc, free: () => undefined } });
  };
  const short = at(9 * MIB + kib * 1024, armLpaeS1({ ias: 31, oas: 48, pageSizes: [PAGE] }));
  // The pages after its root are the one before, and the one in question.
  const table = at(9 * MIB - 2 * PAGE, small());
  failureOf(() => table.map(0, PAGE, PAGE, RW), "EINVAL");
  table.destroy();
  short.destroy();
  expect(memory.stats().tablePagesInUse).toBe(0);
});
