import { AddressRanges } from "./addressRanges.js";
import { misfit, type Room } from "./fit.js";
import { type LoggedOperation, Op, OperationLog } from "./operationLog.js";
import type { Mark, TraceRecord } from "./record.js";

/** What a format has no room for, and why the first of it. */
export interface LeftOut {
  readonly maps: number;
  /** Unmaps and look-ups of what those maps would have mapped, in whole or in part. */
  readonly unmaps: number;
  readonly lookUps: number;
  readonly bytes: number;
  readonly first: { readonly line: number; readonly why: string } | null;
}

export interface FittingRecord {
  readonly record: TraceRecord;
  readonly leftOut: LeftOut;
  /** What the kernel had mapped and the replay has not, at each mark. */
  readonly missingAt: ReadonlyMap<Mark, AddressRanges>;
}

/** Goes through a record once and keeps what a table has room for. */
class Sieve {
  readonly log = new OperationLog();
  readonly marks: Mark[] = [];
  readonly missingAt = new Map<Mark, AddressRanges>();
  readonly counts = { maps: 0, unmaps: 0, lookUps: 0, bytes: 0 };
  first: LeftOut["first"] = null;
  readonly #room: Room;
  readonly #missing = new Map<number, AddressRanges>();

  constructor(room: Room) {
    this.#room = room;
  }

  take(operation: LoggedOperation): void {
    if (operation.kind === Op.MAP) this.#map(operation);
    else if (operation.kind === Op.UNMAP) this.#unmap(operation);
    else if (operation.kind === Op.LOOKUP) this.#lookUp(operation);
    else this.log.append(operation);
  }

  mark(mark: Mark): void {
    const kept = { ...mark, operation: this.log.length - 1 };
    this.marks.push(kept);
    this.missingAt.set(kept, this.#of(mark.domain).copy());
  }

  #of(domain: number): AddressRanges {
    const missing = this.#missing.get(domain) ?? new AddressRanges();
    this.#missing.set(domain, missing);
    return missing;
  }

  #map(operation: LoggedOperation): void {
    const { domain, iova, bytes, line } = operation;
    const why = misfit(operation, this.#room);
    if (why === null) {
      this.#of(domain).remove(iova, bytes);
      this.log.append(operation);
      return;
    }
    this.first ??= { line, why };
    this.counts.maps++;
    this.counts.bytes += bytes;
    this.#of(domain).add(iova, bytes);
  }

  /** One unmap may serve many maps: of those that were kept it still removes each stretch. */
  #unmap(operation: LoggedOperation): void {
    const { domain, iova, bytes, line } = operation;
    const missing = this.#of(domain);
    const why = misfit(operation, this.#room);
    if (why === null && missing.missing(iova, bytes) === bytes) {
      this.log.append(operation);
      return;
    }
    if (why !== null) this.first ??= { line, why };
    this.counts.unmaps++;
    for (const { start, size } of missing.gaps(iova, bytes)) {
      const part = { ...operation, iova: start, pageSize: size, count: 1, bytes: size };
      if (misfit(part, this.#room) === null) this.log.append(part);
    }
    missing.remove(iova, bytes);
  }

  #lookUp(operation: LoggedOperation): void {
    if (this.#of(operation.domain).missing(operation.iova, 1) === 0) this.counts.lookUps++;
    else this.log.append(operation);
  }
}

/** The record without what a table has no room for. */
export function leaveOut(record: TraceRecord, room: Room): FittingRecord {
  const sieve = new Sieve(room);
  const marks = new Map(record.marks.map((mark) => [mark.operation, mark]));
  for (let index = 0; index < record.log.length; index++) {
    sieve.take(record.log.at(index));
    const mark = marks.get(index);
    if (mark) sieve.mark(mark);
  }
  const { log, missingAt, counts, first } = sieve;
  return { record: { ...record, log, marks: sieve.marks }, leftOut: { ...counts, first }, missingAt };
}

/** The first map or unmap that a table has no room for. */
export function firstMisfit({ log }: TraceRecord, room: Room): { line: number; why: string } | null {
  for (let index = 0; index < log.length; index++) {
    const kind = log.columns.kind[index];
    if (kind !== Op.MAP && kind !== Op.UNMAP) continue;
    const operation = log.at(index);
    const why = misfit(operation, room);
    if (why !== null) return { line: operation.line, why };
  }
  return null;
}
