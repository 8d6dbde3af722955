// The table pages that the pieces of an update need: counted by the core over the same choice of leaf sizes as they are made, ascending, so that a table
// that two of them need is counted once.

import { repeatedRunAt, runAt } from "../../segmentList.js";
import type { Range } from "../arguments.js";
import { type Edit, EditKind, plainEdit, planEdit, planEmptied } from "../editSteps.js";
import { extentsFrom } from "../extents.js";
import { fetchLevels, lowerTop, neededTop, raiseTop } from "../grow.js";
import type { Hold } from "../holds.js";
import { placeAt, planList } from "../mapList.js";
import { layOut, planner } from "../repeat.js";
import { fetchPages, returnUnused } from "../reserve.js";
import type { TableState } from "../state.js";
import { clip } from "../unmap.js";
import type { MapContent, Piece } from "./piece.js";

export const OPERATION = "prepare";

/** A piece, and how it is carried out. */
export interface PlannedPiece {
  readonly piece: Piece;
  /** It makes tables: they are built aside and linked by one store each. */
  readonly builds: boolean;
}

export interface Plan {
  readonly pieces: readonly PlannedPiece[];
  /** The level that the top must have. */
  readonly top: number;
  readonly tablePages: number;
}

/** Count what the pieces need and fetch it to the table's reserve. On any failure nothing has changed. */
export function planPieces(s: TableState, pieces: readonly Piece[]): Plan {
  const before = s.top;
  const top = Math.max(before, ...topsOf(s, pieces));
  const iova = pieces[0]?.iova ?? 0;
  s.core.planBegin();
  fetchLevels(s, OPERATION, top, iova);
  try {
    const planned = withTop(s, top, iova, () => pieces.map((piece) => ({ piece, builds: planPiece(s, piece) })));
    const pages = s.core.plannedTotal() + (top - before);
    if (s.allocator === undefined) for (let level = before + 1; level <= top; level++) s.core.planRoot(level);
    fetchPages(s, OPERATION, iova);
    return { pieces: planned, top, tablePages: pages };
  } catch (error) {
    returnUnused(s);
    throw error;
  }
}

/** Do something while the table has the levels that the update will give it. */
function withTop<T>(s: TableState, top: number, iova: number, act: () => T): T {
  const before = s.top;
  if (top === before) return act();
  raiseTop(s, OPERATION, top, iova);
  try {
    return act();
  } finally {
    lowerTop(s, before);
  }
}

/** The tops that pieces need which map; one is enough where the table cannot grow. */
function topsOf(s: TableState, pieces: readonly Piece[]): number[] {
  const { top } = s;
  if (top >= s.spec.maxTop) return [];
  let highest = top;
  for (const piece of pieces) {
    const { content } = piece;
    if (content.kind === "unmap" || content.kind === "protect") continue;
    const { paddr, size } = firstRun(content, piece.size);
    highest = Math.max(highest, neededTop(s, piece, paddr, size));
  }
  return [highest];
}

function firstRun(content: MapContent, size: number): { paddr: number; size: number } {
  if (content.kind === "extent") return { paddr: content.paddr, size };
  const run =
    content.kind === "list" ? runAt(content.list, content.start) : repeatedRunAt(content.source, content.phase);
  return { paddr: run.paddr, size: Math.min(run.size, size) };
}

/** Count what one piece needs. Returns whether that is anything. */
function planPiece(s: TableState, piece: Piece): boolean {
  const before = s.core.plannedTotal();
  const { content, iova, size, over } = piece;
  switch (content.kind) {
    case "unmap":
    case "protect": {
      const range = clip(s, piece);
      if (range.size !== 0) planEdit(s, editOf(piece, range));
      break;
    }
    case "extent":
      if (over) planEdit(s, editOf(piece, piece));
      else s.core.planMap(s.handle, iova, content.paddr, size, 0);
      break;
    case "list":
      planList(
        s,
        placeAt(OPERATION, piece, extentsFrom(s, OPERATION, content.list, content.start, size), content.bits),
      );
      break;
    case "repeat":
      planEmptied(s, piece, () => layOut(s, { iova, size, source: content.source, phase: content.phase }, planner(s)));
      break;
  }
  return s.core.plannedTotal() !== before;
}

/** The edit that carries out a piece without a list, in the range that the table reaches. */
export function editOf({ content }: Piece, range: Range): Edit {
  const { iova, size } = range;
  if (content.kind === "extent") return { kind: EditKind.REPLACE, iova, size, paddr: content.paddr, ...content.bits };
  if (content.kind === "protect") return { kind: EditKind.PROTECT, iova, size, paddr: 0, ...content.bits };
  return plainEdit(EditKind.REMOVE, range);
}

/** What the pieces hold. Neighbours are one range; a repeat counts on none of the tables that lie in it whole. */
export function holdsOf(pieces: readonly PlannedPiece[]): Hold[] {
  const holds: Hold[] = [];
  for (const { piece } of pieces) {
    const whole = piece.content.kind !== "repeat";
    const last = holds.at(-1);
    if (last !== undefined && last.end === piece.iova && last.whole && whole) {
      holds[holds.length - 1] = { first: last.first, end: piece.end, whole };
    } else {
      holds.push({ first: piece.iova, end: piece.end, whole });
    }
  }
  return holds;
}
