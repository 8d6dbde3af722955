// Operations in order, folded to disjoint pieces: what each range is to become when all are done. Later ones change what earlier ones are to do, so that
// nothing is mapped only to be removed, and what is removed and mapped again is replaced without a fault in between.
import { IoPgtableError } from "../../errors.js";
import type { AttributeBits } from "../../formats/format.js";
import { runAt } from "../../segmentList.js";
import type { Range } from "../arguments.js";
import { type Content, endOf, isSameExtent, type MapContent, type Piece, protectedAs, slice } from "./piece.js";

/** Arguments that a call surely takes. */
const SPREAD = 1024;

export class Fold {
  /** Disjoint and ascending. */
  #pieces: Piece[] = [];
  readonly #checkEmpty: (range: Range) => void;

  /** @param checkEmpty throws when the table maps something in a range */
  constructor(checkEmpty: (range: Range) => void) {
    this.#checkEmpty = checkEmpty;
  }

  get pieces(): readonly Piece[] {
    return this.#pieces;
  }

  /** Map where nothing is. @throws IoPgtableError EEXIST */
  map(range: Range, content: MapContent): void {
    const gone = this.#checkFree(range);
    if (gone && content.kind === "list") this.#set(range, piecesOfList(range, content));
    else this.#set(range, [{ ...range, content, over: gone }]);
  }

  /** Map over whatever is there. */
  replace(range: Range, content: MapContent): void {
    const [index, end] = this.#touching(range);
    const there = this.#pieces[index];
    const inside = there !== undefined && index + 1 === end && there.iova <= range.iova && endOf(there) >= endOf(range);
    if (inside && isSameExtent(there, content, range.iova)) return;
    this.#set(range, [{ ...range, content, over: true }]);
  }

  unmap(range: Range): void {
    this.#set(range, [{ ...range, content: { kind: "unmap" }, over: false }]);
  }

  protect(range: Range, bits: AttributeBits): void {
    const content: Content = { kind: "protect", bits };
    const parts = this.#parts(range).map((part) =>
      part.piece === undefined ? { ...part.range, content, over: false } : protectedAs(part.piece, bits),
    );
    this.#set(range, parts);
  }

  /** Whether something in the range has been removed. @throws IoPgtableError EEXIST */
  #checkFree(range: Range): boolean {
    let gone = false;
    for (const { range: part, piece } of this.#parts(range)) {
      if (piece?.content.kind === "unmap") gone = true;
      else if (piece === undefined || piece.content.kind === "protect") this.#checkEmpty(part);
      else throw new IoPgtableError("EEXIST", "prepare", "an operation before it maps something there", part.iova);
    }
    return gone;
  }

  /** The range as pieces and the gaps between them. */
  #parts(range: Range): { range: Range; piece?: Piece }[] {
    const parts: { range: Range; piece?: Piece }[] = [];
    const [index, end] = this.#touching(range);
    let at = range.iova;
    for (const piece of this.#pieces.slice(index, end)) {
      if (piece.iova > at) parts.push({ range: { iova: at, size: piece.iova - at } });
      const part = slice(piece, Math.max(piece.iova, range.iova), Math.min(endOf(piece), endOf(range)));
      parts.push({ range: part, piece: part });
      at = endOf(part);
    }
    if (at < endOf(range)) parts.push({ range: { iova: at, size: endOf(range) - at } });
    return parts;
  }

  /** New pieces for a range; of those that stick out of it what is outside stays. */
  #set(range: Range, pieces: readonly Piece[]): void {
    const [index, end] = this.#touching(range);
    if (index === this.#pieces.length) {
      for (const piece of pieces) this.#pieces.push(piece);
      return;
    }
    const stay: Piece[] = [];
    const first = this.#pieces[index];
    const last = this.#pieces[end - 1];
    if (index < end && first !== undefined && first.iova < range.iova) stay.push(slice(first, first.iova, range.iova));
    for (const piece of pieces) stay.push(piece);
    if (index < end && last !== undefined && endOf(last) > endOf(range))
      stay.push(slice(last, endOf(range), endOf(last)));
    if (stay.length <= SPREAD) this.#pieces.splice(index, end - index, ...stay);
    else this.#pieces = this.#pieces.slice(0, index).concat(stay, this.#pieces.slice(end));
  }

  /** Which pieces a range touches: the first, and the one after the last. */
  #touching(range: Range): [number, number] {
    const index = this.#firstEndingAfter(range.iova);
    let end = index;
    while ((this.#pieces[end]?.iova ?? Number.POSITIVE_INFINITY) < endOf(range)) end++;
    return [index, end];
  }

  #firstEndingAfter(iova: number): number {
    let low = 0;
    let high = this.#pieces.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const piece = this.#pieces[middle];
      if (piece !== undefined && endOf(piece) > iova) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** A list run by run, each of which can take the place of what is there. */
function piecesOfList(range: Range, content: Extract<MapContent, { kind: "list" }>): Piece[] {
  const { list, start, bits } = content;
  const pieces: Piece[] = [];
  for (let done = 0; done < range.size; ) {
    const run = runAt(list, start + done);
    const size = Math.min(run.size, range.size - done);
    pieces.push({ iova: range.iova + done, size, content: { kind: "extent", paddr: run.paddr, bits }, over: true });
    done += size;
  }
  return pieces;
}
