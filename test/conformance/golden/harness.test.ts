/** That the runner sees what differs: one recorded thing is altered at a time, and must be found. */

import { describe, expect, test } from "vitest";
import { goldenInits, goldenLargeCases, goldenScenarios } from "./data.js";
import { isBuilt } from "./formats.js";
import { replayInit } from "./init.js";
import { replayLarge } from "./large.js";
import { parseNew } from "./newLine.js";
import type { FlushEvent, InitResult, LargeCase, Scenario, StepResult } from "./records.js";
import { replayScenario } from "./replay.js";
import { Tally } from "./tally.js";
import { ALLOCATED, allocated, POOLED, pooled } from "./variant.js";

const tally = new Tally("altered records");
const runs = (line: string, init: InitResult): boolean => isBuilt(parseNew(line), init.ret !== 0);
const scenarios = goldenScenarios().filter(({ new: line, init }) => runs(line, init));

type Alter = (result: StepResult) => StepResult | null;

const flipHash = (hash: string): string => (hash.startsWith("0") ? `1${hash.slice(1)}` : `0${hash.slice(1)}`);

/** Each changes a step's result where it can, and leaves alone (null) what it does not concern. */
const ALTERATIONS: Readonly<Record<string, Alter>> = {
  "an error less": (result) => (result.ret === -17 || result.ret === -98 ? { ...result, ret: 0 } : null),
  "an error more": (result) => (result.ret === 0 && result.mapped !== undefined ? { ...result, ret: -34 } : null),
  "bytes unmapped, an address": (result) =>
    typeof result.ret === "bigint" && result.ret > 0n ? { ...result, ret: result.ret - 1n } : null,
  "bytes mapped": (result) => (result.mapped ? { ...result, mapped: result.mapped - 0x1000n } : null),
  "an entry on a walk": (result) =>
    result.ptes?.some((pte) => pte !== 0n)
      ? { ...result, ptes: result.ptes.map((pte) => (pte === 0n ? pte : pte ^ 4n)) }
      : null,
  "a flush missing": (result) => (result.ev.length > 0 ? { ...result, ev: result.ev.slice(1) } : null),
  "a flush more": (result) => (result.ev.length > 0 ? { ...result, ev: [...result.ev, ["all"]] } : null),
  "flushes in another order": (result) =>
    new Set(result.ev.map(([kind]) => kind)).size > 1 ? { ...result, ev: [...result.ev].reverse() } : null,
  "the range of a flush": (result) =>
    result.ev.some(([kind]) => kind !== "all" && kind !== "top") ? { ...result, ev: result.ev.map(moved) } : null,
  "a table allocated": (result) => (result.al > 0 ? { ...result, al: result.al + 1 } : null),
  "a table freed": (result) => (result.fr > 0 ? { ...result, fr: result.fr - 1 } : null),
  "the hash of a dump": (result) =>
    result.dump ? { ...result, dump: { ...result.dump, text: undefined, sha256: flipHash(result.dump.sha256) } } : null,
  "one line of a dump": (result) =>
    result.dump?.text
      ? { ...result, dump: { ...result.dump, sha256: "", text: [...result.dump.text.slice(0, -1), "P 9 9 9 9"] } }
      : null,
};

function moved(event: FlushEvent): FlushEvent {
  switch (event[0]) {
    case "walk":
      return ["walk", "0xdead000", event[2], event[3]];
    case "page":
    case "sync":
      return [event[0], "0xdead000", event[2], event[3]];
    default:
      return event;
  }
}

/** Steps whose flushes are compared in other words, or that others have a part in. */
const NOT_ITS_OWN = /^[cg]| [qn]$/;

/** The last step of a scenario that the alteration concerns, altered. The replay passes all before it. */
function altered(scenario: Scenario, alter: Alter): Scenario | null {
  for (const [index, [line, result]] of [...scenario.steps.entries()].reverse()) {
    const other = NOT_ITS_OWN.test(line) ? null : alter(result);
    if (other === null) continue;
    return { ...scenario, steps: scenario.steps.map((step, at) => (at === index ? [line, other] : step)) };
  }
  return null;
}

describe.each([POOLED, ALLOCATED])("an altered scenario ($name)", ({ open }) => {
  const variant = open();
  test.each(Object.entries(ALTERATIONS))("is found: %s", (_name, alter) => {
    const examples = firstOfEachFormat(scenarios.flatMap((scenario) => altered(scenario, alter) ?? []));
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) expect(replayScenario(example, variant, tally), example.name).not.toBeNull();
  });
});

function firstOfEachFormat(examples: readonly Scenario[]): Scenario[] {
  const first = new Map<string, Scenario>();
  for (const example of examples) {
    const { format } = parseNew(example.new);
    if (!first.has(format)) first.set(format, example);
  }
  return [...first.values()];
}

test.each<[string, (large: LargeCase) => LargeCase]>([
  ["a result", withLastResult],
  ["a flush", (large) => ({ ...large, checkpoints: large.checkpoints.map((at) => ({ ...at, eventsSha256: "" })) })],
  ["an entry", (large) => withLastDump(large, { sha256: "" })],
  ["a leaf", (large) => withLastDump(large, { leaves: -1 })],
])("an altered large case is found: %s", (_name, alter) => {
  const variant = allocated();
  const large = goldenLargeCases().find(({ new: line, init }) => runs(line, init));
  if (large === undefined) throw new Error("no large case runs");
  expect(replayLarge(alter(large), variant, tally)).not.toBeNull();
});

function withLastResult(large: LargeCase): LargeCase {
  const results = [...large.results];
  const last = results.pop();
  if (last === undefined) throw new Error("no results");
  return { ...large, results: [...results, { ...last, ret: typeof last.ret === "bigint" ? last.ret + 1n : -12 }] };
}

function withLastDump(large: LargeCase, change: Partial<LargeCase["checkpoints"][number]["dump"]>): LargeCase {
  const last = large.checkpoints.length - 1;
  return {
    ...large,
    checkpoints: large.checkpoints.map((at, index) =>
      index === last ? { ...at, dump: { ...at.dump, ...change } } : at,
    ),
  };
}

/** Null where the record does not state it: Linux says nothing of the roots of v7s and DART. */
test.each<[string, (init: InitResult) => InitResult | null]>([
  ["ias", (init) => ({ ...init, ias: init.ias + 1 })],
  ["oas", (init) => ({ ...init, oas: init.oas - 1 })],
  ["page sizes", (init) => ({ ...init, pageSizes: init.pageSizes ^ 0x1000n })],
  ["root level", (init) => (init.rootLevel === undefined ? null : { ...init, rootLevel: init.rootLevel + 1 })],
  ["root size", (init) => (init.rootBytes === undefined ? null : { ...init, rootBytes: init.rootBytes * 2 })],
  ["a register", (init) => ({ ...init, registers: Object.fromEntries(Object.entries(init.registers).map(flipped)) })],
  ["tables of the root", (init) => ({ ...init, al: 2 })],
  ["refused", (init) => ({ ...init, ret: -22 })],
])("an altered configuration is found: %s", (_name, alter) => {
  const variant = pooled();
  const taken = goldenInits().filter(([line, init]) => init.ret === 0 && runs(line, init));
  const formats = new Map(taken.map((row) => [parseNew(row[0]).format, row] as const));
  const altered = [...formats.values()].flatMap(([line, init]) => {
    const other = alter(init);
    return other === null ? [] : [[line, other] as const];
  });
  expect(altered.length).toBeGreaterThan(0);
  for (const [line, other] of altered) expect(replayInit(line, other, variant, tally), line).not.toBeNull();
});

type Register = InitResult["registers"][string];

function flipped([name, value]: [string, Register]): [string, Register] {
  if (typeof value === "number") return [name, value + 1];
  if (typeof value === "bigint") return [name, value ^ 1n];
  return [name, Object.fromEntries(Object.entries(value).map(([field, bits]) => [field, bits + 1]))];
}
