// The cases that DRM GPUVM documents: 15 of a bind over mappings, 5 of a split. Addresses in pages; the figures of the documentation have 0 to 3.
import { describe, expect, test } from "vitest";
import { armLpaeS1, type GpuMapping, type GpuObject, GpuVm, type GpuVmStep, Prot } from "../../bindings/index.js";
import { useTable } from "../bindings/support/fixture.js";

const PAGE = 4096;
const BASE = 16;
const N = 8;
const PADDR = { a: 0x10_0000, b: 0x80_0000 };
const A: GpuObject = { segments: [{ paddr: PADDR.a, size: 64 * PAGE }] };
const B: GpuObject = { segments: [{ paddr: PADDR.b, size: 64 * PAGE }] };
const RW = Prot.READ | Prot.WRITE;

/** Object, first page, page after the last, page of the object at the first. */
type Shape = readonly [object: "a" | "b", first: number, end: number, offset: number];

interface Case {
  says: string;
  old: readonly Shape[];
  req: Shape;
  /** The steps in words, and what is there after them. */
  steps: readonly string[];
  now: readonly Shape[];
  /** Pages that keep their entries. */
  untouched: readonly number[];
}

const CASES: readonly Case[] = [
  {
    says: "1: the same once more",
    old: [["a", 0, 1, N]],
    req: ["a", 0, 1, N],
    steps: ["unmap a 0..1, kept", "map a 0..1"],
    now: [["a", 0, 1, N]],
    untouched: [0],
  },
  {
    says: "2: another offset",
    old: [["a", 0, 1, N]],
    req: ["a", 0, 1, N + 5],
    steps: ["unmap a 0..1", "map a 0..1"],
    now: [["a", 0, 1, N + 5]],
    untouched: [],
  },
  {
    says: "3: another object",
    old: [["a", 0, 1, N]],
    req: ["b", 0, 1, N],
    steps: ["unmap a 0..1", "map b 0..1"],
    now: [["b", 0, 1, N]],
    untouched: [],
  },
  {
    says: "4: over its left part",
    old: [["a", 0, 1, N]],
    req: ["a", 0, 2, N],
    steps: ["unmap a 0..1, kept", "map a 0..2"],
    now: [["a", 0, 2, N]],
    untouched: [0],
  },
  {
    says: "5: another object's left part",
    old: [["a", 0, 2, N]],
    req: ["b", 0, 1, N],
    steps: ["remap a 0..2 to nothing and 1..2", "map b 0..1"],
    now: [
      ["b", 0, 1, N],
      ["a", 1, 2, N + 1],
    ],
    untouched: [1],
  },
  {
    says: "6: its own left part",
    old: [["a", 0, 2, N]],
    req: ["a", 0, 1, N],
    steps: ["remap a 0..2 to nothing and 1..2", "map a 0..1"],
    now: [
      ["a", 0, 1, N],
      ["a", 1, 2, N + 1],
    ],
    untouched: [0, 1],
  },
  {
    says: "7: another object's right part",
    old: [["a", 0, 2, N]],
    req: ["b", 1, 2, N + 3],
    steps: ["remap a 0..2 to 0..1 and nothing", "map b 1..2"],
    now: [
      ["a", 0, 1, N],
      ["b", 1, 2, N + 3],
    ],
    untouched: [0],
  },
  {
    says: "8: its own right part",
    old: [["a", 0, 2, N]],
    req: ["a", 1, 2, N + 1],
    steps: ["remap a 0..2 to 0..1 and nothing", "map a 1..2"],
    now: [
      ["a", 0, 1, N],
      ["a", 1, 2, N + 1],
    ],
    untouched: [0, 1],
  },
  {
    says: "9: another object over the end",
    old: [["a", 0, 2, N]],
    req: ["b", 1, 3, N + 3],
    steps: ["remap a 0..2 to 0..1 and nothing", "map b 1..3"],
    now: [
      ["a", 0, 1, N],
      ["b", 1, 3, N + 3],
    ],
    untouched: [0],
  },
  {
    says: "10: the same object, going on beyond the end",
    old: [["a", 0, 2, N]],
    req: ["a", 1, 3, N + 1],
    steps: ["remap a 0..2 to 0..1 and nothing", "map a 1..3"],
    now: [
      ["a", 0, 1, N],
      ["a", 1, 3, N + 1],
    ],
    untouched: [0, 1],
  },
  {
    says: "11: another object in the middle",
    old: [["a", 0, 3, N]],
    req: ["b", 1, 2, N + 3],
    steps: ["remap a 0..3 to 0..1 and 2..3", "map b 1..2"],
    now: [
      ["a", 0, 1, N],
      ["b", 1, 2, N + 3],
      ["a", 2, 3, N + 2],
    ],
    untouched: [0, 2],
  },
  {
    says: "12: its own middle",
    old: [["a", 0, 3, N]],
    req: ["a", 1, 2, N + 1],
    steps: ["remap a 0..3 to 0..1 and 2..3", "map a 1..2"],
    now: [
      ["a", 0, 1, N],
      ["a", 1, 2, N + 1],
      ["a", 2, 3, N + 2],
    ],
    untouched: [0, 1, 2],
  },
  {
    says: "13: over its right part",
    old: [["a", 1, 2, N + 1]],
    req: ["a", 0, 2, N],
    steps: ["unmap a 1..2, kept", "map a 0..2"],
    now: [["a", 0, 2, N]],
    untouched: [1],
  },
  {
    says: "14: all around it",
    old: [["a", 1, 2, N + 1]],
    req: ["a", 0, 3, N],
    steps: ["unmap a 1..2, kept", "map a 0..3"],
    now: [["a", 0, 3, N]],
    untouched: [1],
  },
  {
    says: "15: another object over the beginning",
    old: [["a", 1, 3, N]],
    req: ["b", 0, 2, N + 3],
    steps: ["remap a 1..3 to nothing and 2..3", "map b 0..2"],
    now: [
      ["b", 0, 2, N + 3],
      ["a", 2, 3, N + 1],
    ],
    untouched: [2],
  },
  // What the documentation's notes add: a different offset or object gives the same steps, but nothing is kept.
  ...[
    { says: "4, another object", old: ["a", 0, 1, N], req: ["b", 0, 2, N] },
    { says: "13, another offset", old: ["a", 1, 2, N], req: ["a", 0, 2, N] },
    { says: "14, another object", old: ["b", 1, 2, N + 1], req: ["a", 0, 3, N] },
  ].map(({ says, old, req }): Case => {
    const [was, wanted] = [old as unknown as Shape, req as unknown as Shape];
    const steps = [`unmap ${was[0]} ${was[1]}..${was[2]}`, `map ${wanted[0]} ${wanted[1]}..${wanted[2]}`];
    return { says, old: [was], req: wanted, steps, now: [wanted], untouched: [] };
  }),
];

const SPLITS: readonly Omit<Case, "req" | "untouched">[] = [
  {
    says: "1: within one mapping",
    old: [["a", 0, 9, N]],
    steps: ["remap a 0..9 to 0..2 and 7..9", "map a 2..7"],
    now: [
      ["a", 0, 2, N],
      ["a", 2, 7, N + 2],
      ["a", 7, 9, N + 7],
    ],
  },
  {
    says: "2: over several mappings",
    old: [
      ["a", 0, 3, N],
      ["b", 3, 5, N],
      ["a", 5, 9, N],
    ],
    steps: ["remap a 0..3 to 0..2 and nothing", "map a 2..3", "remap a 5..9 to nothing and 7..9", "map a 5..7"],
    now: [
      ["a", 0, 2, N],
      ["a", 2, 3, N + 2],
      ["b", 3, 5, N],
      ["a", 5, 7, N],
      ["a", 7, 9, N + 2],
    ],
  },
  {
    says: "3: its end within a mapping",
    old: [
      ["a", 2, 5, N],
      ["b", 5, 9, N],
    ],
    steps: ["remap b 5..9 to nothing and 7..9", "map b 5..7"],
    now: [
      ["a", 2, 5, N],
      ["b", 5, 7, N],
      ["b", 7, 9, N + 2],
    ],
  },
  {
    says: "3: its beginning within a mapping",
    old: [
      ["a", 0, 5, N],
      ["b", 5, 7, N],
    ],
    steps: ["remap a 0..5 to 0..2 and nothing", "map a 2..5"],
    now: [
      ["a", 0, 2, N],
      ["a", 2, 5, N + 2],
      ["b", 5, 7, N],
    ],
  },
  {
    says: "4: both ends where mappings end",
    old: [
      ["a", 2, 5, N],
      ["b", 5, 7, N],
    ],
    steps: [],
    now: [
      ["a", 2, 5, N],
      ["b", 5, 7, N],
    ],
  },
  { says: "5: nothing there", old: [["a", 7, 9, N]], steps: [], now: [["a", 7, 9, N]] },
];

const iovaOf = (page: number) => (BASE + page) * PAGE;
const objectOf = (name: "a" | "b") => (name === "a" ? A : B);

function bind(vm: GpuVm, [name, first, end, offset]: Shape): GpuVmStep[] {
  const size = (end - first) * PAGE;
  return vm.bind({ iova: iovaOf(first), size, object: objectOf(name), offset: offset * PAGE, prot: RW });
}

function pages({ iova, size }: GpuMapping): string {
  const first = Number(iova) / PAGE - BASE;
  return `${first}..${first + size / PAGE}`;
}

function words(step: GpuVmStep): string {
  const name = ({ object }: GpuMapping) => (object === A ? "a" : "b");
  if (step.step === "map") return `map ${name(step.mapping)} ${pages(step.mapping)}`;
  if (step.step === "unmap") return `unmap ${name(step.mapping)} ${pages(step.mapping)}${step.kept ? ", kept" : ""}`;
  const [before, after] = [step.before, step.after].map((part) => (part === null ? "nothing" : pages(part)));
  return `remap ${name(step.unmapped)} ${pages(step.unmapped)} to ${before} and ${after}`;
}

function shapes(vm: GpuVm): Shape[] {
  return [...vm.mappings()].map(({ iova, size, object, offset }) => {
    const first = Number(iova) / PAGE - BASE;
    return [object === A ? "a" : "b", first, first + size / PAGE, offset / PAGE];
  });
}

describe("a bind", () => {
  test.each(CASES)("$says", ({ old, req, steps, now, untouched }) => {
    useTable(armLpaeS1({ ias: 39, oas: 40 }), ({ table, journal }) => {
      const vm = new GpuVm(table);
      for (const shape of old) bind(vm, shape);
      journal.take();
      expect(bind(vm, req).map(words)).toEqual(steps);
      expect(shapes(vm)).toEqual(now);
      for (const [name, first, end, offset] of now) {
        for (let page = first; page < end; page++) {
          expect(table.iovaToPhys(iovaOf(page))).toBe(PADDR[name] + (offset + page - first) * PAGE);
        }
      }
      const flushed = journal.take().flatMap((event) => {
        expect(event.kind).toBe("range");
        if (event.kind !== "range") return [];
        return Array.from({ length: Number(event.size) / PAGE }, (_, i) => Number(event.iova) / PAGE - BASE + i);
      });
      expect(flushed.filter((page) => untouched.includes(page))).toEqual([]);
      vm.unbind(0, 64 * PAGE);
    });
  });
});

describe("a split", () => {
  test.each(SPLITS)("$says", ({ old, steps, now }) => {
    useTable(armLpaeS1({ ias: 39, oas: 40 }), ({ table, journal }) => {
      const vm = new GpuVm(table);
      for (const shape of old) bind(vm, shape);
      journal.take();
      const dump = table.dump();
      expect(vm.split(iovaOf(2), 5 * PAGE).map(words)).toEqual(steps);
      expect(shapes(vm)).toEqual(now);
      expect(table.dump()).toBe(dump);
      expect(journal.take()).toEqual([]);
    });
  });
});
