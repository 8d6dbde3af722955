// Break-before-make as the architecture demands it: no address may at once be remembered in one way and stand in the table in another.
import { Prot } from "../prot.js";
import type { TableState } from "../table/state.js";
import type { Shadow, Translation } from "./shadow.js";
import { pairs, type Stale } from "./stale.js";

/** What may change in a live entry. The rest is the memory type. */
const CHANGEABLE =
  Prot.READ | Prot.WRITE | Prot.NOEXEC | Prot.PRIV | Prot.SHARE_NONE | Prot.SHARE_INNER | Prot.SHARE_OUTER;

/** The first address of [first, end) that is remembered and translated in ways that must not meet; undefined: there is none. */
export function breakMissing(s: TableState, now: Shadow, stale: Stale, first: number, end: number): number | undefined {
  const mode = s.spec.breakBeforeMake;
  if (mode === "never") return undefined;
  for (const [va, old, current] of pairs(stale, first, end, now)) {
    if (current !== undefined && conflict(old, current, va, mode === "always")) return va;
  }
  return undefined;
}

function conflict(old: Translation, now: Translation, va: number, sizes: boolean): boolean {
  if (sizes && old.leafSize !== now.leafSize) return true;
  if (((old.prot ^ now.prot) & ~CHANGEABLE) !== 0) return true;
  const moved = old.paddr + (va - old.va) !== now.paddr + (va - now.va);
  return moved && ((old.prot | now.prot) & Prot.WRITE) !== 0;
}
