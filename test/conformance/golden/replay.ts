/** Replays a scenario on our library and stops at the first thing that differs. */

import { firstDifference, words } from "./compare.js";
import { DIFFERENCES, type Difference } from "./differences.js";
import { replayDirty } from "./dirty.js";
import { type Expected, expectation, type Step } from "./expected.js";
import { type Gathered, GatherModel } from "./gatherModel.js";
import { initDifference } from "./initCheck.js";
import { Feature, type NewLine, parseNew } from "./newLine.js";
import { open, openingDifference } from "./opening.js";
import { parseOperation } from "./operations.js";
import type { Scenario } from "./records.js";
import type { Session } from "./session.js";
import type { Tally } from "./tally.js";
import type { Variant } from "./variant.js";

/** @returns what differs, or null */
export function replayScenario(scenario: Scenario, variant: Variant, tally: Tally): string | null {
  const opening = open(scenario.new, scenario.init, variant);
  if (opening.kind === "skipped") {
    tally.skip(`scenario: ${opening.reason}`);
    return null;
  }
  const difference = openingDifference(opening, scenario.init, tally);
  if (opening.kind === "refused") return report(scenario, "", difference);
  const { session } = opening;
  try {
    tally.scenario();
    return report(scenario, "", difference) ?? replaySteps(scenario, session, tally);
  } finally {
    session.destroy();
  }
}

function replaySteps(scenario: Scenario, session: Session, tally: Tally): string | null {
  const steps = stepsOf(scenario);
  for (const [index, { step, gathered }] of steps.entries()) {
    const applied = DIFFERENCES.filter((difference) => difference.applies(step, gathered));
    const difference = guarded(() => replayStep(step, gathered, applied, session, tally));
    if (difference !== null) return report(scenario, `step ${index}: ${step.line}`, difference);
    for (const { name } of applied) tally.differs(name);
    if (applied.some(({ dropsRest }) => dropsRest)) {
      for (let rest = index + 1; rest < steps.length; rest++) tally.skip(`step: after "${applied[0]?.name}"`);
      break;
    }
  }
  const left = session.destroy();
  return left === 0 ? null : report(scenario, "at the end", `${left} tables left`);
}

function replayStep(
  step: Step,
  gathered: Gathered | null,
  applied: readonly Difference[],
  session: Session,
  tally: Tally,
): string | null {
  const { operation, recorded } = step;
  if (operation.kind === "dirty") return replayDirty(session, step, operation, tally);
  tally.compared();
  if (operation.kind === "info")
    return recorded.info === undefined ? "no info" : initDifference(recorded.info, session, tally);
  let expected = expectation(step);
  for (const difference of applied) expected = difference.ours(expected, step, gathered);
  session.coreCalls = coreCalls(step, session.variant);
  const outcome = session.run(operation);
  return firstDifference(expected, outcome, session.variant) ?? alignmentDifference(step, expected, applied, session);
}

/** Our idiomatic unmap skips the holes that end Linux's, so that it stands in only for one without. */
function coreCalls({ operation, recorded }: Step, variant: Variant): Variant["core"] {
  if (operation.kind === "coreUnmap" && recorded.ret !== operation.size) return "split";
  return variant.core;
}

/** Brings our table to where Linux's is, and sees that it has then as many tables. */
function alignmentDifference(
  step: Step,
  expected: Expected,
  applied: readonly Difference[],
  session: Session,
): string | null {
  const { al, fr } = step.recorded;
  let gained = (expected.tables?.allocated ?? 0) - (expected.tables?.freed ?? 0);
  let changed = false;
  for (const { align } of applied) {
    if (align === undefined) continue;
    changed = true;
    gained += session.measure(() => align(session, step)).tables.net;
  }
  if (!changed || session.variant.core === "idiomatic" || gained === al - fr) return null;
  return `brought to Linux's state: expected ${al - fr} tables gained, got ${gained}`;
}

/** The steps, with what a gather that never holds an empty range flushes at each that uses one. */
export function stepsOf({ steps, new: line, init }: Scenario): { step: Step; gathered: Gathered | null }[] {
  const config = parseNew(line);
  const model = new GatherModel(hasExactGather(config));
  return steps.map(([operationLine, recorded]) => {
    const step = { line: operationLine, operation: parseOperation(operationLine, config.api), recorded, config, init };
    return { step, gathered: gatheredAt(model, step) };
  });
}

function gatheredAt(model: GatherModel, { operation, recorded }: Step): Gathered | null {
  switch (operation.kind) {
    case "gatherUnmap":
      return model.unmap(operation.iova, recorded);
    case "gatherSync":
      return model.sync();
    default:
      return null;
  }
}

function hasExactGather(config: NewLine): boolean {
  return config.api === "generic_pt" && (config.features & Feature.FLUSH_RANGE_NO_GAPS) !== 0;
}

/** What the library throws where Linux answers is a difference like any other. */
export function guarded(run: () => string | null): string | null {
  try {
    return run();
  } catch (error) {
    return `threw ${error instanceof Error ? (error.stack ?? error.message) : words(error)}`;
  }
}

function report(scenario: Scenario, at: string, difference: string | null): string | null {
  return difference === null ? null : `${scenario.name} (${scenario.new})\n  ${at}\n  ${difference}`;
}
