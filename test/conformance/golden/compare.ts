/** Compares what ours did with what is expected; the first thing that differs, in words, or null. */

import { createHash } from "node:crypto";
import type { Coverage, Expected } from "./expected.js";
import type { Outcome } from "./outcome.js";
import type { DumpRecord, FlushEvent } from "./records.js";
import type { Variant } from "./variant.js";

export function firstDifference(expected: Expected, outcome: Outcome, variant: Variant): string | null {
  return (
    differs("error", expected.error, outcome.error) ??
    differs("mapped", expected.mapped, outcome.mapped) ??
    differs("result", expected.value, outcome.value) ??
    dumpDifference(expected.dump, outcome.dump, variant) ??
    (variant.core === "idiomatic" ? null : tableDifference(expected, outcome))
  );
}

/** What depends on the very tables that Linux has, empty ones included. */
function tableDifference(expected: Expected, outcome: Outcome): string | null {
  return (
    differs("entries", expected.ptes, outcome.ptes) ??
    eventDifference(expected.events, outcome) ??
    countDifference(expected, outcome)
  );
}

function eventDifference(expected: Expected["events"], outcome: Outcome): string | null {
  if (expected === undefined) return null;
  if (!isList(expected)) return coverageDifference(expected, outcome.events);
  if (outcome.tables.freed !== undefined) return differs("flushes", expected, outcome.events);
  return differs("flushes", expected.map(withoutTableCount), outcome.events.map(withoutTableCount));
}

/** Without a count of frees ours knows only that a gather freed tables. */
function withoutTableCount(event: FlushEvent): FlushEvent {
  return event[0] === "sync" ? [event[0], event[1], event[2], Math.min(event[3], 1)] : event;
}

function coverageDifference(expected: Coverage, events: readonly FlushEvent[]): string | null {
  const wanted = expected.bytes === 0n ? [] : [[expected.first, expected.bytes, expected.freesTables]];
  return differs("the gather's flush", wanted, events.map(covered));
}

function covered(event: FlushEvent): readonly unknown[] {
  switch (event[0]) {
    case "page":
      return [BigInt(event[1]), BigInt(event[2]) * BigInt(event[3]), false];
    case "walk":
      return [BigInt(event[1]), BigInt(event[2]), true];
    case "sync":
      return [BigInt(event[1]), BigInt(event[2]) - BigInt(event[1]) + 1n, event[3] > 0];
    default:
      return event;
  }
}

/** What fails may take tables and give them back, or see first that it will fail: only what is left counts there. */
function countDifference({ tables, error }: Expected, outcome: Outcome): string | null {
  if (tables === undefined) return null;
  const { net, allocated, freed } = outcome.tables;
  const gained = differs("tables gained", tables.allocated - tables.freed, net);
  if (gained !== null || freed === undefined || (error ?? null) !== null) return gained;
  return differs("tables allocated and freed", tables, { allocated, freed });
}

export function dumpDifference(
  expected: DumpRecord | undefined,
  dump: string | undefined,
  variant: Variant,
): string | null {
  if (expected === undefined) return null;
  if (dump === undefined) return "no dump";
  if (variant.core === "idiomatic") {
    return (
      lineDifference(expected.text?.filter(isLeaf), dump, isLeaf) ??
      differs("leaves", expected.leaves, lineCounts(dump).leaves)
    );
  }
  const hash = sha256(dump);
  const { tables, leaves } = lineCounts(dump);
  return (
    (hash === expected.sha256 ? null : lineDifference(expected.text, dump, () => true)) ??
    differs("leaves", expected.leaves, leaves) ??
    differs("tables", expected.tables, tables) ??
    differs("sha256 of the dump", expected.sha256, hash)
  );
}

function isLeaf(line: string): boolean {
  return line.startsWith("P");
}

/** Without splitting it: a dump may have millions of lines. */
function lineCounts(dump: string): { tables: number; leaves: number } {
  let [tables, leaves] = [0, 0];
  for (let at = 0; at < dump.length; at = dump.indexOf("\n", at) + 1) {
    if (isLeaf(dump.charAt(at))) leaves++;
    else tables++;
  }
  return { tables, leaves };
}

function lineDifference(
  expected: readonly string[] | undefined,
  dump: string,
  concerns: (line: string) => boolean,
): string | null {
  if (expected === undefined) return null;
  const lines = dump.split("\n").slice(0, -1).filter(concerns);
  const length = Math.max(expected.length, lines.length);
  let at = 0;
  while (at < length && expected[at] === lines[at]) at++;
  if (at === length) return null;
  return `dump line ${at + 1}: expected ${expected[at] ?? "no more"}, got ${lines[at] ?? "no more"}`;
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Nothing is compared where the record says nothing. */
export function differs(what: string, expected: unknown, got: unknown): string | null {
  if (expected === undefined) return null;
  const [wanted, actual] = [words(expected), words(got)];
  return wanted === actual ? null : `${what}: expected ${wanted}, got ${actual}`;
}

export function words(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? `0x${item.toString(16)}` : item));
}

function isList(events: readonly FlushEvent[] | Coverage): events is readonly FlushEvent[] {
  return Array.isArray(events);
}
