/** The generic_pt calls: `mapRange` and `unmapRange`, alone or on a gather, and the core's calls of them. */

import { isAligned } from "./coreSplit.js";
import { idiomaticMap, idiomaticUnmap } from "./idiomatic.js";
import type { Operation } from "./operations.js";
import type { Answer } from "./outcome.js";
import type { Session } from "./session.js";

export function executeRanged(session: Session, operation: Operation): Answer {
  switch (operation.kind) {
    case "mapRange":
      return mapRange(session, operation);
    case "unmapRange": {
      const gather = operation.deferred ? session.table.gather() : undefined;
      const bytes = session.table.unmapRange(session.iova(operation.iova), Number(operation.size), gather);
      gather?.sync();
      return { value: BigInt(bytes) };
    }
    case "gatherUnmap": {
      session.openGather ??= session.table.gather();
      const { iova, size } = operation;
      return { value: BigInt(session.table.unmapRange(session.iova(iova), Number(size), session.openGather)) };
    }
    case "gatherSync":
      session.openGather?.sync();
      return {};
    case "coreMap":
      return session.coreCalls === "idiomatic" ? idiomaticMap(session, operation) : coreMap(session, operation);
    case "coreUnmap":
      if (session.coreCalls === "idiomatic") return idiomaticUnmap(session, operation);
      return { value: rangedUnmap(session, operation.iova, operation.size) };
    default:
      throw new Error(`not a generic_pt operation: ${operation.kind}`);
  }
}

function mapRange(session: Session, operation: Extract<Operation, { kind: "mapRange" | "coreMap" }>): Answer {
  const { iova, paddr, size, prot } = operation;
  const result = session.table.mapRange(session.iova(iova), Number(paddr), Number(size), prot);
  return { error: result.error, mapped: BigInt(result.mapped) };
}

function coreMap(session: Session, operation: Extract<Operation, { kind: "coreMap" }>): Answer {
  if (!isAligned(session.pageSizes, operation.iova, operation.paddr, operation.size)) return { error: "EINVAL" };
  const { error, mapped = 0n } = mapRange(session, operation);
  if (error !== null) rangedUnmap(session, operation.iova, mapped);
  return { error: error ?? null };
}

/** All calls of one unmap share a gather, as in Linux. */
function rangedUnmap(session: Session, iova: bigint, size: bigint): bigint {
  if (!isAligned(session.pageSizes, iova, size)) return 0n;
  const gather = session.table.gather();
  let unmapped = 0n;
  while (unmapped < size) {
    const at = session.iova(iova + unmapped);
    const bytes = session.table.unmapRange(at, Number(size - unmapped), gather);
    if (bytes === 0) break;
    unmapped += BigInt(bytes);
  }
  gather.sync();
  return unmapped;
}
