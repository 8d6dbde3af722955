import { type GpuObject, GpuVm, type GpuVmRequest, SegmentList, type TableMemory } from "../../bindings/index.js";
import type { BenchCase, Operation, OperationPlan } from "../harness/case.js";
import { tableDigest } from "../harness/tableReader.js";
import * as contenders from "./contenders.js";
import * as names from "./names.js";

const PAGE = 2 ** 12;
const MIB = 2 ** 20;
const PAGE_SIZES = [PAGE];
const IOVA = 2 ** 33;
const PADDR = 2 ** 35;
const { PROT } = contenders;

/** Binds of one step, spread over the address space. */
const BINDS = 500;
const POPULATIONS = [10, 1000, 100_000];
/** A sparse resource of 100 MB, as drivers bind it page by page. */
const RESOURCE_PAGES = 24_415;

export function gpuVmPlans(memory: TableMemory): OperationPlan[] {
  return [
    { name: names.BIND_LARGE, prepare: () => bindLarge(memory) },
    { name: names.BIND_PAGE, prepare: () => bindPages(memory, names.BIND_PAGE, false) },
    { name: names.REBIND_PAGE, prepare: () => bindPages(memory, names.REBIND_PAGE, true) },
    { name: names.RESIDENCY, prepare: () => residency(memory) },
  ];
}

const objectOf = (paddr: number, size: number): GpuObject => ({ segments: new SegmentList([{ paddr, size }]) });

function bindLarge(memory: TableMemory): Operation {
  const size = 64 * MIB;
  const bound = contenders.ourTable(memory, PAGE_SIZES);
  const bare = contenders.ourTable(memory, PAGE_SIZES);
  const vm = new GpuVm(bound);
  const request = { iova: IOVA, size, object: objectOf(PADDR, size), prot: PROT };
  return {
    name: names.BIND_LARGE,
    unit: "page",
    unitsPerStep: size / PAGE,
    cases: [
      {
        name: names.BIND,
        step: () => {
          vm.bind(request);
        },
        restore: () => {
          vm.unbind(IOVA, size);
        },
        answer: () => tableDigest(contenders.rawTablesOfOurs(memory, bound)),
      },
      {
        name: names.BARE_MAP,
        step: () => bare.map(IOVA, PADDR, size, PROT),
        restore: () => {
          bare.unmap(IOVA, size);
        },
        answer: () => tableDigest(contenders.rawTablesOfOurs(memory, bare)),
      },
    ],
    dispose() {
      bound.destroy();
      bare.destroy();
      contenders.refuseLeaks(memory);
    },
  };
}

/** One page here and there, between as many mappings as the case says. */
function bindPages(memory: TableMemory, name: string, overSparse: boolean): Operation {
  const spaces = POPULATIONS.map((population) => populated(memory, population, overSparse));
  return {
    name,
    unit: "bind",
    unitsPerStep: BINDS,
    cases: spaces.map(({ bench }) => bench),
    dispose() {
      for (const { table } of spaces) table.destroy();
      contenders.refuseLeaks(memory);
    },
  };
}

function populated(memory: TableMemory, population: number, overSparse: boolean) {
  const table = contenders.ourTable(memory, PAGE_SIZES);
  const vm = new GpuVm(table);
  const heap = objectOf(PADDR, 2 ** 30);
  const dummy = objectOf(2 ** 34, PAGE);
  // Every other page is mapped, from a place that continues none of its neighbours.
  for (let i = 0; i < population; i++) {
    const offset = ((i * 7919) % 2 ** 18) * PAGE;
    vm.bind({ iova: IOVA + 2 * i * PAGE, size: PAGE, object: heap, offset, prot: PROT });
  }
  const places = Array.from({ length: BINDS }, (_, i) => {
    return IOVA + (2 * ((i * 7919) % population) + 1 + (population < BINDS ? 2 * i * population : 0)) * PAGE;
  });
  const clear = () => {
    for (const iova of places) vm.unbind(iova, PAGE);
    if (overSparse) for (const iova of places) vm.bindSparse(iova, PAGE, dummy);
  };
  clear();
  const requests = places.map((iova, i) => ({ iova, size: PAGE, object: heap, offset: i * PAGE, prot: PROT }));
  const bench: BenchCase = {
    name: `${names.BIND}, ${population.toLocaleString("en-US")} mappings`,
    step: () => {
      for (const request of requests) vm.bind(request);
    },
    restore: clear,
    answer: () => `${places.reduce((sum, iova) => sum + (table.iovaToPhys(iova) ?? 0), 0)}`,
  };
  return { table, bench };
}

function residency(memory: TableMemory): Operation {
  const size = RESOURCE_PAGES * PAGE;
  const heap = objectOf(PADDR, 2 * size);
  const dummy = objectOf(2 ** 34, PAGE);
  const requests = Array.from({ length: RESOURCE_PAGES }, (_, i) => {
    const offset = ((i * 7919) % RESOURCE_PAGES) * 2 * PAGE;
    return { request: "bind", iova: IOVA + i * PAGE, size: PAGE, object: heap, offset, prot: PROT } as const;
  }) satisfies GpuVmRequest[];
  const ways: readonly [string, (vm: GpuVm) => void][] = [
    [names.ONE_PREPARE, (vm) => vm.prepare(requests).commit()],
    [
      names.BIND_EACH,
      (vm) => {
        for (const request of requests) vm.bind(request);
      },
    ],
  ];
  const tables = ways.map(() => contenders.ourTable(memory, PAGE_SIZES));
  return {
    name: names.RESIDENCY,
    unit: "bind",
    unitsPerStep: RESOURCE_PAGES,
    cases: ways.flatMap(([name, bindAll], i): BenchCase[] => {
      const table = tables[i];
      if (table === undefined) return [];
      const vm = new GpuVm(table);
      vm.bindSparse(IOVA, size, dummy, PROT);
      return [
        {
          name,
          step: () => bindAll(vm),
          restore: () => {
            vm.bindSparse(IOVA, size, dummy, PROT);
          },
          answer: () => tableDigest(contenders.rawTablesOfOurs(memory, table)),
        },
      ];
    }),
    dispose() {
      for (const table of tables) table.destroy();
      contenders.refuseLeaks(memory);
    },
  };
}
