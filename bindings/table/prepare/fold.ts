// Operations in order, folded to disjoint pieces: what each range is to become when all are done. Later ones change what earlier ones are to do, so that
// nothing is mapped only to be removed, and what is removed and mapped again is replaced without a fault in between.
import { IoPgtableError } from "../../errors.js";
import type { AttributeBits } from "../../formats/format.js";
import { runAt } from "../../segmentList.js";
import type { Range } from "../arguments.js";
import { type Content, isSameExtent, type MapContent, Piece, protectedAs, slice } from "./piece.js";

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
    else this.#setOne(new Piece(range.iova, range.size, content, gone));
  }

  /** Map over whatever is there. */
  replace(range: Range, content: MapContent): void {
    const [index, end] = this.#touching(range);
    const there = this.#pieces[index];
    const inside =
      there !== undefined && index + 1 === end && there.iova <= range.iova && there.end >= range.iova + range.size;
    if (inside && isSameExtent(there, content, range.iova)) return;
    this.#setOne(new Piece(range.iova, range.size, content, true));
  }

  unmap(range: Range): void {
    this.#setOne(new Piece(range.iova, range.size, UNMAP, false));
  }

  protect(range: Range, bits: AttributeBits): void {
    const content: Content = { kind: "protect", bits };
    const parts = this.#parts(range).map((part) =>
      part.piece === undefined
        ? new Piece(part.range.iova, part.range.size, content, false)
        : protectedAs(part.piece, bits),
    );
    this.#set(range, parts);
  }

  /** Whether something in the range has been removed. @throws IoPgtableError EEXIST */
  #checkFree(range: Range): boolean {
    const [index, end] = this.#touching(range);
    if (index === end) {
      this.#checkEmpty(range);
      return false;
    }
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
    const rangeEnd = range.iova + range.size;
    const [index, end] = this.#touching(range);
    let at = range.iova;
    for (let i = index; i < end; i++) {
      const piece = this.#pieces[i];
      if (piece === undefined) break;
      if (piece.iova > at) parts.push({ range: { iova: at, size: piece.iova - at } });
      const part = slice(piece, Math.max(piece.iova, range.iova), Math.min(piece.end, rangeEnd));
      parts.push({ range: part, piece: part });
      at = part.end;
    }
    if (at < rangeEnd) parts.push({ range: { iova: at, size: rangeEnd - at } });
    return parts;
  }

  #setOne(piece: Piece): void {
    const last = this.#pieces.at(-1);
    if (last === undefined || last.end <= piece.iova) this.#pieces.push(piece);
    else this.#set(piece, [piece]);
  }

  /** New pieces for a range; of those that stick out of it what is outside stays. */
  #set(range: Range, pieces: readonly Piece[]): void {
    const [index, end] = this.#touching(range);
    const rangeEnd = range.iova + range.size;
    const stay: Piece[] = [];
    const first = this.#pieces[index];
    const last = this.#pieces[end - 1];
    if (index < end && first !== undefined && first.iova < range.iova) stay.push(slice(first, first.iova, range.iova));
    for (const piece of pieces) stay.push(piece);
    if (index < end && last !== undefined && last.end > rangeEnd) stay.push(slice(last, rangeEnd, last.end));
    if (stay.length <= SPREAD) this.#pieces.splice(index, end - index, ...stay);
    else this.#pieces = this.#pieces.slice(0, index).concat(stay, this.#pieces.slice(end));
  }

  /** Which pieces a range touches: the first, and the one after the last. */
  #touching({ iova, size }: Range): [number, number] {
    const pieces = this.#pieces;
    const last = pieces.at(-1);
    if (last === undefined || last.end <= iova) return [pieces.length, pieces.length];
    let low = 0;
    let high = pieces.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const piece = pieces[middle];
      if (piece !== undefined && piece.end > iova) high = middle;
      else low = middle + 1;
    }
    let end = low;
    for (let piece = pieces[end]; piece !== undefined && piece.iova < iova + size; piece = pieces[end]) {
      end++;
      if (end === pieces.length) break;
    }
    return [low, end];
  }
}

const UNMAP: Content = { kind: "unmap" };

/** A list run by run, each of which can take the place of what is there. */
function piecesOfList(range: Range, content: Extract<MapContent, { kind: "list" }>): Piece[] {
  const { list, start, bits } = content;
  const pieces: Piece[] = [];
  for (let done = 0; done < range.size; ) {
    const run = runAt(list, start + done);
    const size = Math.min(run.size, range.size - done);
    pieces.push(new Piece(range.iova + done, size, { kind: "extent", paddr: run.paddr, bits }, true));
    done += size;
  }
  return pieces;
}
