/** The core's map and unmap by our own idiomatic calls, which leave the same leaves where there is no hole. */

import { codeOf } from "./errorCode.js";
import type { Operation } from "./operations.js";
import type { Answer } from "./outcome.js";
import type { Session } from "./session.js";

export function idiomaticMap(session: Session, operation: Extract<Operation, { kind: "coreMap" }>): Answer {
  const { iova, paddr, size, prot } = operation;
  return { error: codeOf(() => session.table.map(session.iova(iova), Number(paddr), Number(size), prot)) };
}

export function idiomaticUnmap(session: Session, operation: Extract<Operation, { kind: "coreUnmap" }>): Answer {
  let bytes = 0;
  codeOf(() => {
    bytes = session.table.unmap(session.iova(operation.iova), Number(operation.size));
  });
  return { value: BigInt(bytes) };
}
