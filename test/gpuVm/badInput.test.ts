// Every call, every parameter, every value that it may not have: an error that says so, and nothing changed.
import { describe, expect, test } from "vitest";
import {
  armLpaeS1,
  type ErrorCode,
  type GpuObject,
  GpuVm,
  IoPageTable,
  Prot,
  TableMemory,
} from "../../bindings/index.js";
import { failureOf } from "../bindings/support/failure.js";
import { MIB, useTable } from "../bindings/support/fixture.js";
import { flushJournal } from "../bindings/support/flushJournal.js";

const PAGE = 4096;
const stage1 = () => armLpaeS1({ ias: 39, oas: 40 });
const A: GpuObject = { segments: [{ paddr: 0x4000_0000, size: 16 * MIB }] };

/** A call with the names of its parameters and good values for them. */
interface Call {
  readonly operation: string;
  readonly good: Readonly<Record<string, unknown>>;
  readonly run: (vm: GpuVm, values: Record<string, unknown>) => unknown;
}

type Loose = Record<string, (...values: unknown[]) => unknown>;
const loose = (vm: GpuVm) => vm as unknown as Loose;
const by = (name: string, ...parameters: string[]) => {
  return (vm: GpuVm, values: Record<string, unknown>) => loose(vm)[name]?.(...parameters.map((p) => values[p]));
};

const BIND = { iova: 0, size: 2 * PAGE, object: A, offset: PAGE, prot: Prot.READ };
const CALLS: readonly Call[] = [
  { operation: "bind", good: BIND, run: (vm, values) => loose(vm).bind?.(values) },
  { operation: "bind", good: { ...BIND, period: PAGE }, run: (vm, values) => loose(vm).bind?.(values) },
  {
    operation: "bindSparse",
    good: { iova: 0, size: PAGE, dummy: A, prot: Prot.READ },
    run: by("bindSparse", "iova", "size", "dummy", "prot"),
  },
  { operation: "unbind", good: { iova: 0, size: PAGE }, run: by("unbind", "iova", "size") },
  { operation: "split", good: { iova: 0, size: PAGE }, run: by("split", "iova", "size") },
  { operation: "mappings", good: { iova: 0, size: PAGE }, run: by("mappings", "iova", "size") },
  { operation: "find", good: { iova: 0 }, run: by("find", "iova") },
  { operation: "unbindObject", good: { object: A }, run: by("unbindObject", "object") },
  { operation: "invalidate", good: { object: A }, run: by("invalidate", "object") },
  { operation: "revalidate", good: { object: A }, run: by("revalidate", "object") },
  {
    operation: "prepare",
    good: { request: "bind", ...BIND },
    run: (vm, values) => loose(vm).prepare?.([{ request: "unbind", iova: 8 * MIB, size: PAGE }, values]),
  },
  {
    operation: "prepare",
    good: { request: "bindSparse", iova: 0, size: PAGE, dummy: A },
    run: (vm, values) => loose(vm).prepare?.([values]),
  },
];

const EINVAL: readonly ErrorCode[] = ["EINVAL"];
const NO_NUMBER: readonly unknown[] = [Number.NaN, Number.POSITIVE_INFINITY, -1, 0.5, "0", null, {}, -PAGE];
const NO_OBJECT: readonly unknown[] = [null, undefined, 5, "a", () => undefined];
const BAD: Readonly<Record<string, readonly { value: unknown; codes?: readonly ErrorCode[] }[]>> = {
  iova: [
    ...[...NO_NUMBER, undefined].map((value) => ({ value })),
    { value: -1n },
    { value: 2n ** 64n, codes: ["ERANGE"] },
    { value: 2 ** 39, codes: ["ERANGE"] },
    { value: PAGE / 2 },
    { value: 77n },
  ],
  size: [
    ...[...NO_NUMBER, undefined, 0, 5n].map((value) => ({ value })),
    { value: PAGE + 1 },
    { value: 2 ** 39 + PAGE, codes: ["ERANGE"] },
  ],
  object: NO_OBJECT.map((value) => ({ value })),
  dummy: NO_OBJECT.map((value) => ({ value })),
  offset: [...NO_NUMBER, 1n, PAGE + 1, 16 * MIB].map((value) => ({ value })),
  period: [...NO_NUMBER, 0, 1n, PAGE + 1, 16 * MIB].map((value) => ({ value })),
  prot: [
    ...["1", null, {}, 1n, 0, Prot.NOEXEC].map((value) => ({ value })),
    { value: 1 << 30, codes: ["EINVAL", "ENOTSUP"] },
  ],
  request: ["map", undefined, 5, null].map((value) => ({ value })),
};

/** A reading call has an answer for any byte, and all of it by default. */
function applies({ operation }: Call, parameter: string, value: unknown): boolean {
  if (operation === "mappings" && value === undefined) return false;
  if (operation === "mappings" && (value === PAGE / 2 || value === 77n || value === PAGE + 1)) return false;
  if (operation === "find") return !(value === PAGE / 2 || value === 77n || value === 2 ** 39);
  return parameter !== "";
}

const cases = CALLS.flatMap((call) => {
  return Object.keys(call.good).flatMap((parameter) => {
    return (BAD[parameter] ?? [])
      .filter(({ value }) => applies(call, parameter, value))
      .map(({ value, codes = EINVAL }) => ({ call, parameter, value, codes }));
  });
});

describe("an address space", () => {
  test("refuses every bad value of every parameter, and changes nothing", () => {
    expect(cases.length).toBeGreaterThan(150);
    useTable(stage1(), ({ table }) => {
      const vm = new GpuVm(table);
      vm.bind({ iova: 0, size: PAGE, object: A, prot: Prot.READ });
      const before = { dump: table.dump(), mappings: [...vm.mappings()], stats: table.stats() };
      for (const { call, parameter, value, codes } of cases) {
        const failure = failureOf(() => call.run(vm, { ...call.good, [parameter]: value }), ...codes);
        expect([failure.operation, parameter]).toEqual([call.operation, parameter]);
      }
      expect({ dump: table.dump(), mappings: [...vm.mappings()], stats: table.stats() }).toEqual(before);
      // Nothing is held by what was refused.
      vm.unbind(0, 2 ** 38);
    });
  });

  test.each<{ says: string; segments: unknown; codes: ErrorCode[] }>([
    { says: "no segments", segments: undefined, codes: ["EINVAL"] },
    { says: "an empty list", segments: [], codes: ["EINVAL"] },
    { says: "a segment that is none", segments: [{ paddr: 0 }], codes: ["EINVAL"] },
    { says: "a misaligned segment", segments: [{ paddr: 0x800, size: 2 * PAGE }], codes: ["EINVAL"] },
    {
      says: "a segment of half a page",
      segments: [
        { paddr: 0, size: 0x800 },
        { paddr: PAGE, size: 2 * PAGE },
      ],
      codes: ["EINVAL"],
    },
    {
      says: "memory beyond the output space",
      segments: [{ paddr: 2 ** 40 - PAGE, size: 2 * PAGE }],
      codes: ["ERANGE"],
    },
  ])("refuses an object with $says", ({ segments, codes }) => {
    useTable(stage1(), ({ table }) => {
      const vm = new GpuVm(table);
      vm.bind({ iova: MIB, size: MIB, object: A, prot: Prot.READ });
      const before = { dump: table.dump(), mappings: [...vm.mappings()] };
      const object = { segments } as GpuObject;
      for (const act of [
        () => vm.bind({ iova: 0, size: 2 * PAGE, object, prot: Prot.READ }),
        () => vm.bind({ iova: 0, size: 2 * MIB, object, prot: Prot.READ, period: 2 * PAGE }),
        () => vm.bind({ iova: 2 * MIB - PAGE, size: 2 * PAGE, object, prot: Prot.READ }),
        () => vm.bindSparse(0, 4 * MIB, object),
        () => vm.prepare([{ request: "bind", iova: 0, size: 2 * PAGE, object, prot: Prot.READ }]),
      ]) {
        failureOf(act, ...codes);
        expect({ dump: table.dump(), mappings: [...vm.mappings()] }).toEqual(before);
      }
    });
  });

  test.each([
    ["no table", undefined, undefined, "EINVAL"],
    ["something else", {}, undefined, "EINVAL"],
    ["an empty range", "table", { iova: 0, size: 0 }, "EINVAL"],
    ["a misaligned range", "table", { iova: 1, size: PAGE }, "EINVAL"],
    ["a range beyond the table", "table", { iova: 0, size: 2 ** 40 }, "ERANGE"],
    ["a range that is none", "table", 5, "EINVAL"],
  ] as const)("is not made over %s", (_says, over, range, code) => {
    useTable(stage1(), ({ table }) => {
      const first = over === "table" ? table : (over as unknown as IoPageTable);
      expect(failureOf(() => new GpuVm(first, range as never), code).operation).toBe("new GpuVm");
    });
  });

  test.each([undefined, null, 5, "all", {}])("takes no %s for a list of requests", (requests) => {
    useTable(stage1(), ({ table }) => {
      const vm = new GpuVm(table);
      failureOf(() => vm.prepare(requests as never), "EINVAL");
      failureOf(() => vm.prepare([requests as never]), "EINVAL");
    });
  });
});

test("of a table that is destroyed or only read changes nothing", () => {
  const memory = TableMemory.create({ bytes: 16 * MIB });
  const table = new IoPageTable(memory, { format: stage1(), flush: flushJournal().flush });
  const vm = new GpuVm(table);
  vm.bind({ iova: 0, size: PAGE, object: A, prot: Prot.READ });
  const { ttbr } = table.registers as { ttbr: bigint };
  const reader = new GpuVm(IoPageTable.open(memory, { format: stage1(), root: Number(ttbr) }));
  failureOf(() => reader.bind(BIND), "ENOTSUP");
  failureOf(() => reader.split(0, PAGE), "ENOTSUP");
  table.destroy();
  for (const act of [() => vm.bind(BIND), () => vm.unbind(0, PAGE), () => vm.invalidate(A), () => vm.prepare([])]) {
    failureOf(act, "EINVAL");
  }
  expect(memory.stats().tablePagesInUse).toBe(0);
});
