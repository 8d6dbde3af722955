// What is measured of a format. Each step leaves the table as it found it, so that it can be repeated.

import type { ConfiguredFormat } from "../../formats/describe.js";
import { Access, IoPageTable, Prot, TableMemory } from "../../index.js";

export interface TimedCase {
  readonly name: string;
  /** What a step does so many of. */
  readonly unit: string;
  readonly units: number;
  readonly step: () => void;
}

export interface Cases {
  readonly cases: readonly TimedCase[];
  readonly destroy: () => void;
}

const NO_FLUSH = { flushAll() {}, flushWalk() {}, flushRange() {} };
const PROT = Prot.READ | Prot.WRITE;
const PADDR = 2 ** 30;
const LOOK_UPS = 16384;
const ROOM_BYTES = 2 ** 27;

/** Another address each time, the same ones each run (a linear congruential generator). */
function scattered(size: number): Float64Array {
  let state = 1;
  return Float64Array.from({ length: LOOK_UPS }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * size);
  });
}

function expect(what: string, got: number, wanted: number): void {
  if (got !== wanted) throw new Error(`${what}: ${got} instead of ${wanted}`);
}

/** One table with the lower half of `size` mapped by its smallest pages, the upper half for what is mapped and unmapped. */
export function casesOf({ spec, facts, config }: ConfiguredFormat, size: number): Cases {
  const memory = TableMemory.create({ bytes: ROOM_BYTES });
  const [page = 4096] = spec.pageSizes;
  const make = (pageSizes: readonly number[]): IoPageTable =>
    new IoPageTable(memory, { format: facts.make({ ...config, pageSizes }), flush: NO_FLUSH });
  const small = make([page]);
  const full = make(spec.pageSizes);
  small.map(0, PADDR, size, PROT);
  const iovas = memory.float64Array(LOOK_UPS);
  iovas.set(scattered(size));
  const out = memory.float64Array(LOOK_UPS);
  const pages = size / page;
  let next = 0;
  const anAddress = (): number => iovas[next++ % LOOK_UPS] ?? 0;
  const pair = (table: IoPageTable, iova: number, bytes: number): void => {
    table.map(iova, PADDR, bytes, PROT);
    expect("unmap", table.unmap(iova, bytes), bytes);
  };
  const cases: TimedCase[] = [
    {
      name: "map and unmap the range by smallest pages",
      unit: "page",
      units: pages,
      step: () => pair(small, size, size),
    },
    { name: "map and unmap the range by largest leaves", unit: "call pair", units: 1, step: () => pair(full, 0, size) },
    { name: "map and unmap one page", unit: "call pair", units: 1, step: () => pair(small, size, page) },
    { name: "iovaToPhys, any address", unit: "call", units: 1, step: () => void small.iovaToPhys(anAddress()) },
    { name: "access, any address", unit: "call", units: 1, step: () => void small.access(anAddress(), Access.READ) },
    {
      name: `translate, ${LOOK_UPS} at once`,
      unit: "address",
      units: LOOK_UPS,
      step: () => expect("translate", small.translate(iovas, out), LOOK_UPS),
    },
  ];
  return {
    cases,
    destroy(): void {
      small.destroy();
      full.destroy();
      expect("table pages in use", memory.stats().tablePagesInUse, 0);
    },
  };
}
