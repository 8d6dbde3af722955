// Every way to read a table that somebody hostile wrote, and what has to hold of the answers whatever stands there.
import { Access, type IoPageTable, IoPgtableError, type WalkStep } from "../../bindings/index.js";
import type { Configuration } from "../configurations/configuration.js";
import { choose, type Random } from "../programs/random.js";
import { randomIova } from "./hostileWords.js";

/** Calls and what came of them. */
export interface Tally {
  readonly calls: Map<string, number>;
  faults: number;
  translated: number;
  unmapped: number;
}

export const newTally = (): Tally => ({ calls: new Map(), faults: 0, translated: 0, unmapped: 0 });

const ADDRESSES = 48;
/** One table in so many is also dumped and counted, which takes as long as a hundred addresses. */
const WHOLE = 4;
/** Elements taken of what may be endless. */
const TAKEN = 40;
/** Smallest pages that one reading of dirty state looks at. */
const DIRTY_PAGES = 512n;
const EXACT = 2n ** 53n;

/** What a call returned, or "EFAULT". Anything else thrown passes on. */
function answerOf<T>(tally: Tally, call: string, action: () => T): T | "EFAULT" {
  tally.calls.set(call, (tally.calls.get(call) ?? 0) + 1);
  try {
    return action();
  } catch (error) {
    if (!(error instanceof IoPgtableError) || error.code !== "EFAULT") throw error;
    tally.faults++;
    return "EFAULT";
  }
}

function taken<T>(items: Iterator<T>): (T | "EFAULT")[] {
  const list: (T | "EFAULT")[] = [];
  for (let i = 0; i < TAKEN; i++) {
    const { done, value } = items.next();
    if (done) break;
    list.push(value);
  }
  return list;
}

/** Read a table in every way. @returns all that was answered, as text: it may depend on nothing but what is in the windows */
export function readEverything(table: IoPageTable, c: Configuration, random: Random, tally: Tally): string[] {
  const answers: unknown[] = [];
  const iovas = Array.from({ length: ADDRESSES }, () => randomIova(c, random, 1n) ^ BigInt(random(2)));
  const out = new Float64Array(ADDRESSES);
  const words = BigUint64Array.from(iovas);
  answers.push(answerOf(tally, "translate", () => table.translate(words, out)));
  for (const [i, iova] of iovas.entries()) answers.push(readAddress(table, iova, out[i] ?? Number.NaN, random, tally));
  const [first = 0n] = iovas;
  const page = c.pageSizes[0] ?? 4096n;
  const start = first & ~(DIRTY_PAGES * page - 1n);
  answers.push(answerOf(tally, "mappings", () => taken(table.mappings(start, Number(DIRTY_PAGES * page)))));
  answers.push(answerOf(tally, "mappings", () => taken(table.mappings())));
  if (random(WHOLE) === 0) {
    answers.push(answerOf(tally, "dumpLines", () => taken(table.dumpLines())));
    answers.push(answerOf(tally, "stats", () => statsOf(table)));
  }
  if (c.dirty !== null) answers.push(answerOf(tally, "readDirty", () => dirtyOf(table, start, page)));
  return answers.map((answer) => text(answer));
}

/** The registers of a device are numbers and bigints. */
function text(answer: unknown): string {
  return JSON.stringify(answer, (_key, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
}

function statsOf(table: IoPageTable): unknown[] {
  const { tablePages, tableBytes, sharedTablePages, leaves, mappedBytes } = table.stats();
  return [tablePages, tableBytes, sharedTablePages, [...leaves], mappedBytes];
}

function dirtyOf(table: IoPageTable, start: bigint, page: bigint): unknown[] {
  const bitmap = new Uint8Array(Number(DIRTY_PAGES) / 8);
  const bits = table.readDirty(start, Number(DIRTY_PAGES * page), bitmap);
  return [bits, Buffer.from(bitmap).toString("base64")];
}

/** One address through all the calls that look one up; they have to agree. */
function readAddress(table: IoPageTable, iova: bigint, translated: number, random: Random, tally: Tally): unknown[] {
  const phys = answerOf(tally, "iovaToPhys", () => table.iovaToPhys(iova));
  const exact = answerOf(tally, "iovaToPhys64", () => table.iovaToPhys64(iova));
  const steps = answerOf(tally, "walk", () => table.walk(iova));
  const kinds = choose(random, [Access.READ, Access.WRITE, Access.EXECUTE, Access.READ | Access.PRIV]);
  // A number cannot say an address inside a page that far up.
  const access = iova < EXACT ? answerOf(tally, "access", () => table.access(Number(iova), kinds)) : null;
  const say = (what: string): string =>
    `${what} at ${iova.toString(16)}: ${text([phys, exact, translated, access])} ${text(steps)}`;
  if (phys === "EFAULT") {
    if (exact !== "EFAULT" || steps !== "EFAULT" || translated !== -4) throw new Error(say("some see the fault"));
    if (access !== null && access !== -4) throw new Error(say("access does not see the fault"));
  } else if (phys === null) {
    tally.unmapped++;
    if (exact !== null || translated !== -1 || isLeaf(steps)) throw new Error(say("some see a mapping"));
    const outOfReach = steps !== "EFAULT" && steps.length === 0;
    if (access !== null && access !== (outOfReach ? -3 : -1)) throw new Error(say("access sees more than nothing"));
  } else {
    tally.translated++;
    if (translated !== phys || rounded(exact) !== phys || !isLeaf(steps)) throw new Error(say("not the same address"));
    const agrees = access === null || access === phys || access === -2 || access === -3;
    if (!agrees) throw new Error(say("access differs"));
  }
  return [phys, exact, steps, access, translated];
}

function isLeaf(steps: readonly WalkStep[] | "EFAULT"): boolean {
  return steps !== "EFAULT" && steps.at(-1)?.kind === "leaf";
}

/** As a number holds an output address: above 2^53 by eights. */
function rounded(paddr: bigint | null | "EFAULT"): number | null {
  if (paddr === null || paddr === "EFAULT") return null;
  return Number(paddr >= EXACT ? paddr & ~7n : paddr);
}
