// A walker that does not snoop, and two realms that map at once: what one realm's mapping relies on has been written back when its call returns, also when
// another realm made it and has not come to that yet.
import { describe, expect, it } from "vitest";
import {
  armLpaeS1,
  armV7s,
  type Format,
  IoPageTable,
  Prot,
  TableMemory,
  vtdSecondStage,
} from "../../bindings/index.js";
import { flushJournal } from "./support/flushJournal.js";

const RW = Prot.READ | Prot.WRITE;
const MIB = 2 ** 20;

type Sync = (paddr: number, bytes: number) => void;
const FORMATS: { name: string; format: (syncForDevice: Sync) => Format; written: bigint }[] = [
  {
    name: "ARM LPAE",
    format: (syncForDevice) => armLpaeS1({ ias: 48, oas: 48, coherentWalk: false, syncForDevice }),
    written: 1n << 55n,
  },
  {
    name: "VT-d",
    format: (syncForDevice) => vtdSecondStage({ ias: 48, oas: 48, coherentWalk: false, syncForDevice }),
    written: 1n << 10n,
  },
  {
    name: "v7s",
    format: (syncForDevice) => armV7s({ ias: 32, oas: 32, coherentWalk: false, syncForDevice }),
    written: 0n,
  },
];

function twoRealms(format: (sync: Sync) => Format) {
  const memory = TableMemory.create({ bytes: MIB });
  const reports: Record<"first" | "second", [number, number][]> = { first: [], second: [] };
  const hook = { onFirstSync: () => {} };
  const first = new IoPageTable(memory, {
    format: format((paddr, bytes) => {
      hook.onFirstSync();
      reports.first.push([paddr, bytes]);
    }),
    flush: flushJournal().flush,
  });
  const second = IoPageTable.attach(TableMemory.attach(memory.share()), first.share(), {
    format: format((paddr, bytes) => reports.second.push([paddr, bytes])),
    flush: flushJournal().flush,
  });
  const finish = (): void => {
    first.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  };
  return { first, second, reports, hook, finish };
}

function covers(reports: readonly [number, number][], paddr: number): boolean {
  return reports.some(([start, bytes]) => paddr >= start && paddr < start + bytes);
}

describe.each(FORMATS)("$name", ({ format, written }) => {
  it("writes back the table items of another realm that has not done so yet", () => {
    const { first, second, reports, hook, finish } = twoRealms(format);
    let path: number[] = [];
    hook.onFirstSync = () => {
      hook.onFirstSync = () => {};
      reports.second.length = 0;
      // The first realm has linked its tables, and its first sync is only being called.
      second.map(0x9000, 0x4000, 0x1000, RW);
      path = second.walk(0x9000).map(({ entryPaddr }) => entryPaddr);
    };
    first.map(0x8000, 0x3000, 0x1000, RW);
    expect(path.length).toBeGreaterThan(1);
    for (const paddr of path) expect(covers(reports.second, paddr), paddr.toString(16)).toBe(true);
    for (const { kind, entry } of first.walk(0x8000)) if (kind === "table") expect(entry & written).toBe(written);
    reports.second.length = 0;
    second.map(0xa000, 0x5000, 0x1000, RW);
    const items = second.walk(0xa000).map(({ entryPaddr }) => entryPaddr);
    // What is marked as written back is left alone; v7s has no bit for such a mark.
    for (const paddr of items.slice(0, -1)) expect(covers(reports.second, paddr)).toBe(written === 0n);
    finish();
  });

  it("leaves an item unmarked when its sync threw, until somebody has written it back", () => {
    const { first, second, reports, hook, finish } = twoRealms(format);
    hook.onFirstSync = () => {
      hook.onFirstSync = () => {};
      throw new Error("no device");
    };
    expect(() => first.map(0x8000, 0x3000, 0x1000, RW)).toThrow("no device");
    reports.second.length = 0;
    second.map(0x9000, 0x4000, 0x1000, RW);
    for (const { entryPaddr } of second.walk(0x9000)) expect(covers(reports.second, entryPaddr)).toBe(true);
    finish();
  });
});
