/** Tables that Linux has made or taken down where ours has not, made and taken down on ours. */

import { codeOf } from "./errorCode.js";
import { hexOf } from "./flushRecorder.js";
import type { Operation } from "./operations.js";
import type { FlushEvent } from "./records.js";
import type { Session } from "./session.js";

type MapPages = Extract<Operation, { kind: "mapPages" }>;

export interface TornTable {
  readonly iova: bigint;
  readonly size: bigint;
}

/** The tables down to the entry that a map of one page would write, and nothing in them. */
export function createMissingTables(session: Session, { iova, paddr, pageSize, prot }: MapPages): void {
  const last = session.table.walk(session.iova(iova)).at(-1);
  if (last?.kind !== "empty" || BigInt(last.size) <= pageSize) return;
  const mapped = session.table.mapPages(session.iova(iova), Number(paddr), Number(pageSize), 1, prot);
  if (mapped.error !== null) throw new Error(`no table could be made at ${iova}: ${mapped.error}`);
  session.table.unmapPages(session.iova(iova), Number(pageSize), 1);
}

export function removeTables(session: Session, tables: readonly TornTable[]): void {
  for (const { iova, size } of tables) session.table.unmapPages(session.iova(iova), Number(size), 1);
}

/** The tables that Linux takes down before a map of these pages, from `iova` on, meets the leaf that refuses it. */
export function tablesBeforeLeaf(session: Session, { iova, pageSize, count }: MapPages): TornTable[] {
  const found: TornTable[] = [];
  const end = iova + pageSize * count;
  let at = iova;
  const refused = codeOf(() => {
    while (at < end) {
      const entry = session.table.walk(session.iova(at)).find(({ size }) => BigInt(size) <= pageSize);
      if (entry === undefined || entry.kind === "leaf") return;
      if (entry.kind === "table") found.push({ iova: at, size: BigInt(entry.size) });
      at += BigInt(entry.size);
    }
  });
  return refused === null ? found : [];
}

export function walkEvents(session: Session, tables: readonly TornTable[]): FlushEvent[] {
  const granule = hexOf(session.pageSizes[0] ?? 0n);
  return tables.map(({ iova, size }) => ["walk", hexOf(iova), hexOf(size), granule]);
}
