import type { TableMemory } from "../../bindings/index.js";
import type { BenchCase, OperationPlan } from "../harness/case.js";
import { tableDigest } from "../harness/tableReader.js";
import { linuxCases } from "../peers/linux/linuxPeer.js";
import { EmptyCall } from "../peers/wasmFloor.js";
import * as contenders from "./contenders.js";
import { BIGINT, EMPTY_CALL, OURS, PAIR, PAIR_WITH_TABLES, TYPED_ARRAYS } from "./names.js";

const PAGE = 2 ** 12;
const PAGE_BIG = BigInt(PAGE);
const PAGE_SIZES = [PAGE];
/** One leaf table: its first page may be mapped throughout, the others come and go one by one. */
const IOVA = 2 ** 32;
const PADDR = 2 ** 33;
const SLOTS = 511;

/** One for all: with a second instance the call site would have to choose. */
const floor = new EmptyCall();

export function pairPlans(memory: TableMemory): OperationPlan[] {
  const plan = (name: string, neighbour: boolean): OperationPlan => ({
    name,
    prepare() {
      const ours = contenders.ourTable(memory, PAGE_SIZES);
      const typedArrays = contenders.typedArrayTable(PAGE_SIZES);
      const bigint = contenders.bigintTable(PAGE_SIZES);
      if (neighbour) {
        ours.map(IOVA, PADDR, PAGE, contenders.PROT);
        typedArrays.map(IOVA, PADDR, PAGE, contenders.PROT);
        bigint.map(BigInt(IOVA), BigInt(PADDR), PAGE_BIG, contenders.PROT);
      }
      return {
        name,
        unit: "pair",
        unitsPerStep: SLOTS,
        cases: [
          ourCase(memory, ours),
          typedArrayCase(typedArrays),
          bigintCase(bigint),
          // Linux's code leaves the table standing that a page was the last one of.
          ...(neighbour
            ? linuxCases({ work: "pair", answer: (bytes, digest) => answerOf(Number(bytes), digest) })
            : []),
          emptyCallCase(),
        ],
        dispose() {
          ours.destroy();
          typedArrays.destroy();
          contenders.refuseLeaks(memory);
        },
      };
    },
  });
  return [plan(PAIR, true), plan(PAIR_WITH_TABLES, false)];
}

const answerOf = (bytes: number, digest: string): string => `${bytes} bytes, then ${digest}`;

function ourCase(memory: TableMemory, table: ReturnType<typeof contenders.ourTable>): BenchCase {
  let bytes = 0;
  return {
    name: OURS,
    step() {
      bytes = 0;
      for (let slot = 1; slot <= SLOTS; slot++) {
        const offset = slot * PAGE;
        table.map(IOVA + offset, PADDR + offset, PAGE, contenders.PROT);
        bytes += table.unmap(IOVA + offset, PAGE);
      }
    },
    answer: () => answerOf(bytes, tableDigest(contenders.rawTablesOfOurs(memory, table))),
  };
}

function typedArrayCase(table: ReturnType<typeof contenders.typedArrayTable>): BenchCase {
  let bytes = 0;
  return {
    name: TYPED_ARRAYS,
    step() {
      bytes = 0;
      for (let slot = 1; slot <= SLOTS; slot++) {
        const offset = slot * PAGE;
        table.map(IOVA + offset, PADDR + offset, PAGE, contenders.PROT);
        bytes += table.unmap(IOVA + offset, PAGE);
      }
    },
    answer: () => answerOf(bytes, tableDigest(contenders.rawTablesOfTypedArrays(table))),
  };
}

function bigintCase(table: ReturnType<typeof contenders.bigintTable>): BenchCase {
  let bytes = 0n;
  return {
    name: BIGINT,
    step() {
      bytes = 0n;
      let offset = PAGE_BIG;
      for (let slot = 1; slot <= SLOTS; slot++) {
        table.map(BigInt(IOVA) + offset, BigInt(PADDR) + offset, PAGE_BIG, contenders.PROT);
        bytes += table.unmap(BigInt(IOVA) + offset, PAGE_BIG);
        offset += PAGE_BIG;
      }
    },
    answer: () => answerOf(Number(bytes), tableDigest(contenders.rawTablesOfBigint(table))),
  };
}

function emptyCallCase(): BenchCase {
  let sum = 0;
  return {
    name: EMPTY_CALL,
    floor: true,
    step() {
      sum = 0;
      for (let slot = 1; slot <= SLOTS; slot++) {
        const offset = slot * PAGE;
        sum += floor.call(IOVA + offset, PADDR + offset, PAGE);
      }
    },
    answer: () => `${sum}`,
  };
}
