import type { TableMemory } from "../../bindings/index.js";
import type { Operation, OperationPlan } from "../harness/case.js";
import { tableDigest } from "../harness/tableReader.js";
import { linuxCases } from "../peers/linux/linuxPeer.js";
import * as contenders from "./contenders.js";
import { OURS, sizedName } from "./names.js";

const PAGE = 2 ** 12;
const MEGA2 = 2 ** 21;
const GIGA = 2 ** 30;
const IOVA = 64 * GIGA;
const PADDR = 256 * GIGA;
/** Bytes of one call. */
export const SIZES: readonly number[] = [PAGE, 16 * PAGE, MEGA2, 16 * MEGA2, GIGA / 2, 8 * GIGA, 64 * GIGA];

/** What a page costs by the size of the call that maps it. */
export function sizePlans(memory: TableMemory): OperationPlan[] {
  return SIZES.map((size) => ({ name: sizedName(size), prepare: () => prepare(memory, size) }));
}

function prepare(memory: TableMemory, size: number): Operation {
  const table = contenders.ourTable(memory, [PAGE]);
  const all = Math.max(size, MEGA2);
  return {
    name: sizedName(size),
    unit: "page",
    unitsPerStep: all / PAGE,
    cases: [
      {
        name: OURS,
        step() {
          for (let done = 0; done < all; done += size) table.map(IOVA + done, PADDR + done, size, contenders.PROT);
        },
        restore() {
          table.unmap(IOVA, all);
        },
        answer: () => tableDigest(contenders.rawTablesOfOurs(memory, table)),
      },
      ...linuxCases({ work: "map-sized", input: BigUint64Array.of(BigInt(size)), answer: (_, digest) => digest }),
    ],
    dispose() {
      table.destroy();
      contenders.refuseLeaks(memory);
    },
  };
}
