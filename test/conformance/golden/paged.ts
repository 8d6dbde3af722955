/** The io-pgtable calls: `mapPages` and `unmapPages`, and the core's loops over them. */

import { firstRun, isAligned } from "./coreSplit.js";
import { idiomaticMap, idiomaticUnmap } from "./idiomatic.js";
import type { Operation } from "./operations.js";
import type { Answer } from "./outcome.js";
import type { Session } from "./session.js";

export function executePaged(session: Session, operation: Operation): Answer {
  switch (operation.kind) {
    case "mapPages": {
      const { iova, paddr, pageSize, count, prot } = operation;
      const result = session.table.mapPages(session.iova(iova), Number(paddr), Number(pageSize), Number(count), prot);
      return { error: result.error, mapped: BigInt(result.mapped) };
    }
    case "unmapPages": {
      const gather = operation.deferred ? session.table.gather() : undefined;
      const value = unmapPages(session, operation.iova, operation.pageSize, operation.count, gather);
      gather?.sync();
      return { value };
    }
    case "coreMap":
      return session.coreCalls === "idiomatic" ? idiomaticMap(session, operation) : splitMap(session, operation);
    case "coreUnmap":
      if (session.coreCalls === "idiomatic") return idiomaticUnmap(session, operation);
      return { value: splitUnmap(session, operation.iova, operation.size) };
    default:
      throw new Error(`not an io-pgtable operation: ${operation.kind}`);
  }
}

function splitMap(session: Session, operation: Extract<Operation, { kind: "coreMap" }>): Answer {
  const { iova, paddr, size, prot } = operation;
  if (!isAligned(session.pageSizes, iova, paddr, size)) return { error: "EINVAL" };
  let mapped = 0n;
  while (mapped < size) {
    const { pageSize, count } = firstRun(session.pageSizes, iova + mapped, paddr + mapped, size - mapped);
    const result = session.table.mapPages(
      session.iova(iova + mapped),
      Number(paddr + mapped),
      Number(pageSize),
      Number(count),
      prot,
    );
    mapped += BigInt(result.mapped);
    if (result.error !== null) {
      splitUnmap(session, iova, mapped);
      return { error: result.error };
    }
    if (result.mapped === 0) throw new Error("mapPages mapped nothing and gave no reason");
  }
  return { error: null };
}

/** A call may end with its table, before the count; the next one goes on from there, and nothing ends the loop. */
function splitUnmap(session: Session, iova: bigint, size: bigint): bigint {
  if (!isAligned(session.pageSizes, iova, size)) return 0n;
  let unmapped = 0n;
  while (unmapped < size) {
    const at = iova + unmapped;
    const { pageSize, count } = firstRun(session.pageSizes, at, at, size - unmapped);
    const bytes = unmapPages(session, at, pageSize, count);
    if (bytes === 0n) break;
    unmapped += bytes;
  }
  return unmapped;
}

function unmapPages(
  session: Session,
  iova: bigint,
  pageSize: bigint,
  count: bigint,
  gather?: ReturnType<Session["table"]["gather"]>,
): bigint {
  return BigInt(session.table.unmapPages(session.iova(iova), Number(pageSize), Number(count), gather));
}
