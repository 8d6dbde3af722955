import type { TableMemory } from "../../bindings/index.js";
import type { RawTables } from "../harness/tableReader.js";
import * as contenders from "./contenders.js";
import { BIGINT, OURS, TYPED_ARRAYS } from "./names.js";

export interface Extent {
  readonly iova: number;
  readonly paddr: number;
  readonly size: number;
}

/** The work of a map or unmap operation. */
export interface RangeWork {
  readonly pageSizes: readonly number[];
  readonly extents: readonly Extent[];
  /** Unmapping leaves the tables linked, so that the next map finds them standing. */
  readonly keepTables: boolean;
}

/** Somebody who can do the work and undo it. */
export interface RangeContender {
  readonly name: string;
  mapAll(): void;
  /** @returns bytes unmapped */
  unmapAll(): number;
  tables(): RawTables;
  destroy(): void;
}

const TABLE_SPAN = 2 ** 21;
const PAGE = 2 ** 12;

export function rangeContenders(memory: TableMemory, work: RangeWork): RangeContender[] {
  return [ours(memory, work), typedArrays(work), bigint(work)];
}

function ours(memory: TableMemory, { pageSizes, extents, keepTables }: RangeWork): RangeContender {
  const table = contenders.ourTable(memory, pageSizes);
  /** Linux's page-wise call leaves the table that it empties. */
  const unmapPagewise = ({ iova, size }: Extent): number => {
    let bytes = 0;
    for (let done = 0; done < size; done += TABLE_SPAN) bytes += table.unmapPages(iova + done, PAGE, TABLE_SPAN / PAGE);
    return bytes;
  };
  return {
    name: OURS,
    mapAll() {
      for (const { iova, paddr, size } of extents) table.map(iova, paddr, size, contenders.PROT);
    },
    unmapAll() {
      let bytes = 0;
      for (const extent of extents) bytes += keepTables ? unmapPagewise(extent) : table.unmap(extent.iova, extent.size);
      return bytes;
    },
    tables: () => contenders.rawTablesOfOurs(memory, table),
    destroy: () => table.destroy(),
  };
}

function typedArrays({ pageSizes, extents, keepTables }: RangeWork): RangeContender {
  const table = contenders.typedArrayTable(pageSizes, keepTables);
  return {
    name: TYPED_ARRAYS,
    mapAll() {
      for (const { iova, paddr, size } of extents) table.map(iova, paddr, size, contenders.PROT);
    },
    unmapAll() {
      let bytes = 0;
      for (const { iova, size } of extents) bytes += table.unmap(iova, size);
      return bytes;
    },
    tables: () => contenders.rawTablesOfTypedArrays(table),
    destroy: () => table.destroy(),
  };
}

function bigint({ pageSizes, extents, keepTables }: RangeWork): RangeContender {
  const table = contenders.bigintTable(pageSizes, keepTables);
  const wide = extents.map(({ iova, paddr, size }) => ({
    iova: BigInt(iova),
    paddr: BigInt(paddr),
    size: BigInt(size),
  }));
  return {
    name: BIGINT,
    mapAll() {
      for (const { iova, paddr, size } of wide) table.map(iova, paddr, size, contenders.PROT);
    },
    unmapAll() {
      let bytes = 0n;
      for (const { iova, size } of wide) bytes += table.unmap(iova, size);
      return Number(bytes);
    },
    tables: () => contenders.rawTablesOfBigint(table),
    destroy: () => {},
  };
}
