import { Access, type IoPageTable, type TableMemory } from "../../bindings/index.js";
import type { BenchCase, Operation, OperationPlan } from "../harness/case.js";
import type { BigIntLpae } from "../peers/bigintLpae.js";
import { linuxCases } from "../peers/linux/linuxPeer.js";
import type { TypedArrayLpae } from "../peers/typedArrayLpae.js";
import * as contenders from "./contenders.js";
import { ACCESS, BIGINT, BULK, BULK_COPIED, LOOK_UP, OURS, SINGLE, TYPED_ARRAYS } from "./names.js";
import { randomBelow, SEED } from "./random.js";
import { GIB, GIB_OF_PAGES } from "./works.js";

const LOOK_UPS = 65536;

interface Tables {
  readonly ours: IoPageTable<unknown>;
  readonly typedArrays: TypedArrayLpae;
  readonly bigint: BigIntLpae;
  readonly iovas: Float64Array;
  readonly wideIovas: BigUint64Array;
}

/** All cases of an operation look up the same addresses and answer with the sum of what they found, which a number holds exactly. */
export function lookUpPlans(memory: TableMemory): OperationPlan[] {
  const plan = (name: string, cases: (tables: Tables) => BenchCase[]): OperationPlan => ({
    name,
    prepare: () => prepare(memory, name, cases),
  });
  return [
    plan(LOOK_UP, (tables) => [
      singleCase(tables),
      bulkCase(BULK, tables.ours, inMemory(memory, tables.iovas), memory.float64Array(LOOK_UPS)),
      bulkCase(BULK_COPIED, tables.ours, tables.iovas, new Float64Array(LOOK_UPS)),
      typedArrayCase(tables),
      bigintCase(tables),
      ...linuxCases({ work: "look-up", input: tables.wideIovas, answer: (sum) => answerOf(Number(sum)) }),
    ]),
    plan(ACCESS, (tables) => [accessCase(tables), typedArrayAccessCase(tables), bigintAccessCase(tables)]),
  ];
}

function prepare(memory: TableMemory, name: string, cases: (tables: Tables) => BenchCase[]): Operation {
  const { iova, paddr, size } = GIB;
  const below = randomBelow(SEED);
  const iovas = Float64Array.from({ length: LOOK_UPS }, () => iova + below(size));
  const tables: Tables = {
    ours: contenders.ourTable(memory, GIB_OF_PAGES.pageSizes),
    typedArrays: contenders.typedArrayTable(GIB_OF_PAGES.pageSizes),
    bigint: contenders.bigintTable(GIB_OF_PAGES.pageSizes),
    iovas,
    wideIovas: BigUint64Array.from(iovas, BigInt),
  };
  tables.ours.map(iova, paddr, size, contenders.PROT);
  tables.typedArrays.map(iova, paddr, size, contenders.PROT);
  tables.bigint.map(BigInt(iova), BigInt(paddr), BigInt(size), contenders.PROT);
  return {
    name,
    unit: "call",
    unitsPerStep: LOOK_UPS,
    cases: cases(tables),
    dispose() {
      tables.ours.destroy();
      tables.typedArrays.destroy();
      contenders.refuseLeaks(memory);
    },
  };
}

function inMemory(memory: TableMemory, values: Float64Array): Float64Array {
  const array = memory.float64Array(values.length);
  array.set(values);
  return array;
}

const answerOf = (sum: number): string => `sum ${sum}`;

function singleCase({ ours, iovas }: Tables): BenchCase {
  let sum = 0;
  return {
    name: SINGLE,
    step() {
      sum = 0;
      for (const iova of iovas) sum += ours.iovaToPhys(iova) ?? Number.NaN;
    },
    answer: () => answerOf(sum),
  };
}

function bulkCase(name: string, ours: IoPageTable<unknown>, iovas: Float64Array, out: Float64Array): BenchCase {
  let mapped = 0;
  return {
    name,
    step() {
      mapped = ours.translate(iovas, out);
    },
    answer() {
      const sum = mapped === iovas.length ? out.reduce((total, paddr) => total + paddr, 0) : Number.NaN;
      // So that the next answer cannot be this one.
      out.fill(Number.NaN);
      return answerOf(sum);
    },
  };
}

function typedArrayCase({ typedArrays, iovas }: Tables): BenchCase {
  let sum = 0;
  return {
    name: TYPED_ARRAYS,
    step() {
      sum = 0;
      for (const iova of iovas) sum += typedArrays.translate(iova);
    },
    answer: () => answerOf(sum),
  };
}

function bigintCase({ bigint, wideIovas }: Tables): BenchCase {
  let sum = 0n;
  return {
    name: BIGINT,
    step() {
      sum = 0n;
      for (const iova of wideIovas) sum += bigint.translate(iova) ?? -1n;
    },
    answer: () => answerOf(Number(sum)),
  };
}

function accessCase({ ours, iovas }: Tables): BenchCase {
  let sum = 0;
  return {
    name: OURS,
    step() {
      sum = 0;
      for (const iova of iovas) sum += ours.access(iova, Access.WRITE);
    },
    answer: () => answerOf(sum),
  };
}

function typedArrayAccessCase({ typedArrays, iovas }: Tables): BenchCase {
  let sum = 0;
  return {
    name: TYPED_ARRAYS,
    step() {
      sum = 0;
      for (const iova of iovas) sum += typedArrays.access(iova, Access.WRITE);
    },
    answer: () => answerOf(sum),
  };
}

function bigintAccessCase({ bigint, wideIovas }: Tables): BenchCase {
  let sum = 0n;
  return {
    name: BIGINT,
    step() {
      sum = 0n;
      for (const iova of wideIovas) sum += bigint.access(iova, Access.WRITE);
    },
    answer: () => answerOf(Number(sum)),
  };
}
