// Carrying out the pieces of an update. All pages are in hand: nothing here can fail, unless a table is corrupt.

import { type Breaking, EditKind, plainEdit, takeSteps } from "../editSteps.js";
import { extentsFrom } from "../extents.js";
import { runMap } from "../map.js";
import { placeAt, runList } from "../mapList.js";
import type { Flush, PageList } from "../pages.js";
import { layOut, maker } from "../repeat.js";
import { drainPages } from "../settle.js";
import type { TableState } from "../state.js";
import { clip } from "../unmap.js";
import { editOf, OPERATION, type PlannedPiece } from "./plan.js";

/** What the pieces leave to be flushed and freed. */
export interface Outcome {
  readonly breaking: Breaking;
  readonly flushes: Flush[];
  readonly unlinked: PageList;
  /** The first status that was a failure: of a corrupt table. */
  status: number;
}

/** Carry out pieces in their order. */
export function carryOut(s: TableState, pieces: Iterable<PlannedPiece>, outcome: Outcome): void {
  for (const piece of pieces) {
    const status = carryOutOne(s, piece, outcome);
    drainPages(s, outcome.unlinked);
    if (status < 0 && outcome.status >= 0) outcome.status = status;
  }
}

function carryOutOne(s: TableState, { piece, builds }: PlannedPiece, { breaking, flushes, unlinked }: Outcome): number {
  const { content, iova, size, over } = piece;
  switch (content.kind) {
    case "extent": {
      if (over || builds) return takeSteps(s, editOf(piece, piece), breaking, flushes);
      const { low, high } = content.bits;
      const extent = { iova, size, paddr: content.paddr, low, high };
      const first = s.core.map(s.handle, iova, content.paddr, size, low, high, 0);
      return runMap(s, first, extent, 0, flushes);
    }
    case "list": {
      const list = extentsFrom(s, OPERATION, content.list, content.start, size);
      return runList(s, placeAt(OPERATION, piece, list, content.bits), flushes);
    }
    case "repeat": {
      const removed: Flush[] = [];
      const status = takeSteps(s, plainEdit(EditKind.REMOVE, piece), breaking, removed);
      drainPages(s, unlinked);
      // Where the architecture demands it, nothing of what was there is remembered when the other comes.
      if (s.spec.breakBeforeMake === "never") flushes.push(...removed);
      else breaking.issue(removed, flushes);
      if (status < 0) return status;
      layOut(
        s,
        { iova, size, source: content.source, phase: content.phase },
        maker(s, content.bits, flushes, unlinked),
      );
      return 0;
    }
    default: {
      const range = clip(s, piece);
      return range.size === 0 ? 0 : takeSteps(s, editOf(piece, range), breaking, flushes);
    }
  }
}
