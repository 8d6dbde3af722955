/** Replays a large case: every result, and the table and all flushes so far at each checkpoint. */

import { createHash, type Hash } from "node:crypto";
import { dumpDifference, firstDifference } from "./compare.js";
import { DIFFERENCES, REFUSED_UNTOUCHED } from "./differences.js";
import { type Expected, expectation, type Step } from "./expected.js";
import { parseNew } from "./newLine.js";
import { open, openingDifference } from "./opening.js";
import { parseOperation } from "./operations.js";
import type { Outcome } from "./outcome.js";
import type { FlushEvent, LargeCase } from "./records.js";
import { guarded } from "./replay.js";
import type { Session } from "./session.js";
import { removeTables, tablesBeforeLeaf, walkEvents } from "./tables.js";
import type { Tally } from "./tally.js";
import type { Variant } from "./variant.js";

/** @returns what differs, or null */
export function replayLarge(large: LargeCase, variant: Variant, tally: Tally): string | null {
  const opening = open(large.new, large.init, variant);
  if (opening.kind === "skipped") {
    tally.skip(`large case: ${opening.reason}`);
    return null;
  }
  const difference = openingDifference(opening, large.init, tally);
  if (opening.kind === "refused") return difference;
  const { session } = opening;
  try {
    tally.scenario();
    return difference ?? replayAll(large, session, tally);
  } finally {
    session.destroy();
  }
}

function replayAll(large: LargeCase, session: Session, tally: Tally): string | null {
  const config = parseNew(large.new);
  const checkpoints = new Map(large.checkpoints.map((checkpoint) => [checkpoint.operations, checkpoint]));
  const events = createHash("sha256");
  const hasEvents = sameEvents(session);
  for (const [index, line] of large.operations.entries()) {
    const recorded = large.results[index];
    if (recorded === undefined) return `operation ${index} has no result`;
    const step: Step = { line, operation: parseOperation(line, config.api), recorded, config, init: large.init };
    const difference = guarded(() => replayOperation(step, session, events, tally));
    if (difference !== null) return `${large.name}, operation ${index}: ${line}\n  ${difference}`;
    const checkpoint = checkpoints.get(index + 1);
    if (checkpoint === undefined) continue;
    const drift =
      dumpDifference(checkpoint.dump, session.table.dump(), session.variant) ??
      (hasEvents && events.copy().digest("hex") !== checkpoint.eventsSha256 ? "the flushes so far differ" : null);
    if (!hasEvents) tally.skip("flushes of a checkpoint (no count of the tables that a gather frees, or other calls)");
    if (drift !== null) return `${large.name}, checkpoint after ${index + 1} operations\n  ${drift}`;
    tally.compared();
  }
  return freeDifference(large, session, tally);
}

/** The records count the tables that a gather frees, and a pool does not; our idiomatic calls flush as they need. */
function sameEvents({ config, opened, variant }: Session): boolean {
  return variant.core === "split" && (config.api === "io-pgtable" || opened.freed !== undefined);
}

function replayOperation(step: Step, session: Session, events: Hash, tally: Tally): string | null {
  // The record keeps neither the flushes nor the tables of a single operation.
  const unsaid = { events: undefined, tables: undefined };
  const applied = DIFFERENCES.filter((difference) => difference.applies(step, null));
  let expected: Expected = expectation(step);
  for (const { name, ours } of applied) {
    expected = ours(expected, step, null);
    tally.differs(name);
  }
  session.coreCalls = session.variant.core;
  const outcome = session.run(step.operation);
  const difference = firstDifference({ ...expected, ...unsaid }, outcome, session.variant);
  if (difference !== null) return difference;
  tally.compared();
  for (const { align } of applied) session.measure(() => align?.(session, step));
  const tornDown = tearDownAsLinux(step, outcome, session, tally);
  events.update(`${JSON.stringify(tornDown ?? outcome.events)}\n`);
  return null;
}

/** Linux's flushes where ours refuses a map untouched and Linux has first taken tables down; they go on ours, too. */
function tearDownAsLinux(step: Step, outcome: Outcome, session: Session, tally: Tally): FlushEvent[] | null {
  const { operation, recorded } = step;
  if (operation.kind !== "mapPages" || recorded.ret !== -17) return null;
  const torn = tablesBeforeLeaf(session, operation);
  if (torn.length === 0) return null;
  if (outcome.events.length > 0 || outcome.tables.net !== 0) throw new Error("refused, and not untouched");
  tally.differs(REFUSED_UNTOUCHED);
  session.measure(() => removeTables(session, torn));
  return walkEvents(session, torn);
}

function freeDifference(large: LargeCase, session: Session, tally: Tally): string | null {
  const { tables, events } = session.measure(() => {
    session.destroy();
  });
  tally.compared();
  if (session.variant.core === "split" && -tables.net !== large.free.fr)
    return `free: expected ${large.free.fr} tables freed, got ${-tables.net}`;
  const expected = session.config.api === "generic_pt" ? [["all"]] : large.free.ev;
  return JSON.stringify(events) === JSON.stringify(expected) ? null : `free: flushes ${JSON.stringify(events)}`;
}
