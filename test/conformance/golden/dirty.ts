/** Dirty reads: what is found, what is cleared and what is flushed, against the entries and against the record. */

import type { ErrorCode } from "../../../bindings/index.js";
import { words } from "./compare.js";
import { codeOf } from "./errorCode.js";
import type { Step } from "./expected.js";
import type { Leaf } from "./hardware.js";
import { inputRange, Quirk } from "./newLine.js";
import type { DirtyRead } from "./operations.js";
import { max, merged, min } from "./ranges.js";
import type { FlushEvent, Range, StepResult } from "./records.js";
import type { Session } from "./session.js";
import type { Tally } from "./tally.js";

export const DirtyDifference = {
  WHOLE: "a dirty contiguous leaf is reported whole (Linux is one item short)",
  INSIDE: "a dirty read reports only inside the range asked",
  PART: "a dirty clear keeps the state of a leaf that is only partly in the range",
  HOLES: "a dirty read skips holes",
  NO_FLUSH: "a dirty read that clears nothing flushes nothing",
} as const;

interface LeafState {
  readonly leaf: Leaf;
  readonly dirty: boolean;
}

export function replayDirty(session: Session, step: Step, operation: DirtyRead, tally: Tally): string | null {
  tally.compared();
  const refusals = expectedRefusals(step, operation);
  if (refusals.length > 0) {
    const code = codeOf(() => {
      read(session, operation);
    });
    if (code !== null && refusals.includes(code)) return null;
    return `dirty: expected ${refusals.join(" or ")}, got ${code}`;
  }
  const leaves = leavesIn(session, operation);
  const before = leaves.map((leaf) => ({ leaf, dirty: session.hardware.isDirty(leaf) }));
  const restore = session.hardware.snapshot(leaves);
  const difference =
    readDifference(session, operation, before, tally, step) ??
    recordDifference(before, operation, step.recorded, tally);
  restore();
  cleanAsRecorded(session, operation, step.recorded);
  return difference;
}

/** Linux clears every leaf that it reports, also one that sticks out of the range. */
function cleanAsRecorded(session: Session, operation: DirtyRead, recorded: StepResult): void {
  if (!operation.clear) return;
  for (const [iova] of recorded.dirty ?? []) {
    const leaf = session.hardware.leafAt(iova);
    if (leaf === null) throw new Error(`Linux reports ${words(iova)} dirty, and nothing is mapped there`);
    session.hardware.clean(leaf);
  }
}

/** More than one where the order of the checks is ours to choose; none where the read succeeds. */
function expectedRefusals({ config, init }: Step, { iova, size }: DirtyRead): readonly ErrorCode[] {
  const codes: ErrorCode[] = [];
  const supported =
    config.api === "io-pgtable"
      ? config.format === "ARM_64_LPAE_S1" && (config.quirks & Quirk.ARM_HD) !== 0
      : config.format === "amdv1" || config.format === "vtdss";
  if (!supported) codes.push("ENOTSUP");
  if (size === 0n) codes.push("EINVAL");
  const [first, last] =
    config.api === "io-pgtable" ? inputRange(config, init.ias) : [0n, (1n << BigInt(init.ias)) - 1n];
  if (iova < first || iova + size - 1n > last) codes.push("ERANGE");
  return codes;
}

function read(session: Session, { iova, size, clear }: DirtyRead): { bits: number; found: Range[] } {
  const pageSize = session.pageSizes[0] ?? 1n;
  const bitmap = new Uint8Array(Math.ceil(Number(size / pageSize) / 8));
  const gather = session.table.gather();
  const bits = session.table.readDirty(session.iova(iova), Number(size), bitmap, { clear, gather });
  gather.sync();
  const found: Range[] = [];
  for (let page = 0; page < bitmap.length * 8; page++) {
    if (((bitmap[page >> 3] ?? 0) >> (page & 7)) & 1) {
      const start = iova + BigInt(page) * pageSize;
      found.push([start, start + pageSize]);
    }
  }
  return { bits, found: merged(found) };
}

function readDifference(
  session: Session,
  operation: DirtyRead,
  before: readonly LeafState[],
  tally: Tally,
  step: Step,
): string | null {
  let result: ReturnType<typeof read> | undefined;
  const { events } = session.measure(() => {
    result = read(session, operation);
  });
  const dirty = before.filter((state) => state.dirty).map(({ leaf }) => leaf);
  const expected = merged(dirty.map((leaf) => clipped(leaf, operation)));
  if (words(result?.found) !== words(expected))
    return `dirty: expected ${words(expected)}, got ${words(result?.found)}`;
  const bits = expected.reduce((sum, [start, end]) => sum + (end - start), 0n) / (session.pageSizes[0] ?? 1n);
  if (BigInt(result?.bits ?? 0) !== bits) return `dirty bits: expected ${bits}, got ${result?.bits}`;
  const cleared = operation.clear ? dirty.filter((leaf) => isInside(leaf, operation)) : [];
  if (operation.clear && cleared.length < dirty.length) tally.differs(DirtyDifference.PART);
  if (cleared.length === 0 && step.recorded.gather !== undefined) tally.differs(DirtyDifference.NO_FLUSH);
  return stateDifference(session, before, cleared) ?? flushDifference(events, cleared);
}

function stateDifference(session: Session, before: readonly LeafState[], cleared: readonly Leaf[]): string | null {
  for (const { leaf, dirty } of before) {
    const expected = dirty && !cleared.includes(leaf);
    if (session.hardware.isDirty(leaf) !== expected) {
      return `the leaf at ${words(leaf.iova)} should be ${expected ? "dirty" : "clean"} after the read`;
    }
  }
  return null;
}

function flushDifference(events: readonly FlushEvent[], cleared: readonly Leaf[]): string | null {
  const [first, last] = [cleared.at(0), cleared.at(-1)];
  const expected = first === undefined || last === undefined ? [] : [[first.iova, last.iova + last.size]];
  const got = events.map((event) =>
    event[0] === "page"
      ? [BigInt(event[1]), BigInt(event[1]) + BigInt(event[2]) * BigInt(event[3])]
      : [BigInt(event[1] ?? 0), BigInt(event[2] ?? 0) + 1n],
  );
  return words(got) === words(expected) ? null : `dirty flush: expected ${words(expected)}, got ${words(got)}`;
}

/** That the record names the leaves that the entries say are dirty, in order, with lengths that Linux gives them. */
function recordDifference(
  before: readonly LeafState[],
  operation: DirtyRead,
  recorded: StepResult,
  tally: Tally,
): string | null {
  const dirty = before.filter((state) => state.dirty).map(({ leaf }) => leaf);
  const reported = recorded.dirty ?? [];
  if (recorded.ret !== 0) tally.differs(DirtyDifference.HOLES);
  else if (reported.length !== dirty.length)
    return `the record names ${reported.length} leaves of ${dirty.length} dirty`;
  for (const [index, [iova, length]] of reported.entries()) {
    const leaf = dirty[index];
    if (leaf === undefined) return `the record names ${words(iova)}, which is not dirty`;
    const [start, end] = clipped(leaf, operation);
    if (iova !== start) return `the record names ${words(iova)} and the entries ${words(start)}`;
    if (length > end - start) tally.differs(DirtyDifference.INSIDE);
    else if (length === end - start - leaf.itemSize) tally.differs(DirtyDifference.WHOLE);
    else if (length < end - start) return `the record gives ${words(length)} bytes at ${words(iova)}`;
  }
  return null;
}

function leavesIn(session: Session, { iova, size }: DirtyRead): Leaf[] {
  const leaves: Leaf[] = [];
  for (const run of session.table.mappings(session.iova(iova), Number(size))) {
    for (let at = run.iova; at < run.iova + BigInt(run.size); at += BigInt(run.pageSize)) {
      const leaf = session.hardware.leafAt(at);
      if (leaf !== null && leaf.iova < iova + size && leaf.iova + leaf.size > iova) leaves.push(leaf);
    }
  }
  return leaves;
}

function isInside(leaf: Leaf, { iova, size }: DirtyRead): boolean {
  return leaf.iova >= iova && leaf.iova + leaf.size <= iova + size;
}

function clipped(leaf: Leaf, { iova, size }: DirtyRead): Range {
  const end = leaf.iova + leaf.size;
  return [max(leaf.iova, iova), min(end, iova + size)];
}
