// What a prepared update comes down to: disjoint ranges, each with what becomes of it.
import type { AttributeBits } from "../../formats/format.js";
import type { SegmentList } from "../../segmentList.js";
import type { Range } from "../arguments.js";

/** Output addresses in one run. */
export interface ExtentContent {
  readonly kind: "extent";
  readonly paddr: number;
  readonly bits: AttributeBits;
}
/** The bytes of a list from `start` on. */
export interface ListContent {
  readonly kind: "list";
  readonly list: SegmentList;
  readonly start: number;
  readonly bits: AttributeBits;
}
/** The bytes of a list over and over, from `phase` on. */
export interface RepeatContent {
  readonly kind: "repeat";
  readonly source: SegmentList;
  readonly phase: number;
  readonly bits: AttributeBits;
}
/** Something is mapped. */
export type MapContent = ExtentContent | ListContent | RepeatContent;
/** What becomes of a range. */
export type Content =
  | MapContent
  | { readonly kind: "unmap" }
  | { readonly kind: "protect"; readonly bits: AttributeBits };

/** A range with one content. One class, so that a search over thousands of them reads its fields without asking for their shape. */
export class Piece implements Range {
  /** Exclusive. */
  readonly end: number;

  constructor(
    readonly iova: number,
    readonly size: number,
    readonly content: Content,
    /** Of a content that maps: whether something may be mapped there, which goes. */
    readonly over: boolean,
  ) {
    this.end = iova + size;
  }
}

/** The part [first, end) of a piece. */
export function slice(piece: Piece, first: number, end: number): Piece {
  if (first === piece.iova && end === piece.end) return piece;
  return new Piece(first, end - first, shifted(piece.content, first - piece.iova), piece.over);
}

/** A content without its first bytes. */
function shifted(content: Content, bytes: number): Content {
  switch (content.kind) {
    case "extent":
      return { ...content, paddr: content.paddr + bytes };
    case "list":
      return { ...content, start: content.start + bytes };
    case "repeat":
      return { ...content, phase: (content.phase + bytes) % content.source.size };
    default:
      return content;
  }
}

/** The same with other attributes: removed stays removed. */
export function protectedAs(piece: Piece, bits: AttributeBits): Piece {
  const { content, iova, size, over } = piece;
  return content.kind === "unmap" ? piece : new Piece(iova, size, { ...content, bits }, over);
}

/** Whether a content maps the byte where `piece` begins just as `piece`, all of whose range it has, does already. */
export function isSameExtent(piece: Piece, content: Content, iova: number): boolean {
  const there = piece.content;
  if (there.kind !== "extent" || content.kind !== "extent") return false;
  const sameBits = there.bits.low === content.bits.low && there.bits.high === content.bits.high;
  return sameBits && there.paddr + (iova - piece.iova) === content.paddr;
}
