// The operations of a prepared update: checked as the calls of the same names check theirs, and folded.
import { IoPgtableError } from "../../errors.js";
import type { Iova } from "../../ioPageTable.js";
import { show } from "../../numbers.js";
import { type Segments, segmentsOf, segmentsOfPages } from "../../segmentList.js";
import { checkOutput, checkRange, type Range } from "../arguments.js";
import { checkPart, extentsFrom } from "../extents.js";
import { checkFree } from "../holds.js";
import { pageList } from "../lists.js";
import { checkList, placeList } from "../mapList.js";
import { checkEmpty, checkSource } from "../repeat.js";
import type { TableState } from "../state.js";
import { clip } from "../unmap.js";
import { Fold } from "./fold.js";
import type { Piece } from "./piece.js";

/** One operation of a prepared update: what the call of the same name does. */
export type TableOp =
  | { op: "map"; iova: Iova; paddr: number; size: number; prot: number }
  | { op: "mapList"; iova: Iova; pages: Float64Array | BigUint64Array; pageSize: number; prot: number }
  | { op: "mapSegments"; iova: Iova; segments: Segments; prot: number; part?: { start: number; size: number } }
  | {
      op: "mapRepeat";
      iova: Iova;
      size: number;
      source: { paddr: number; size: number } | Segments;
      prot: number;
      phase?: number;
    }
  | { op: "replace"; iova: Iova; paddr: number; size: number; prot: number }
  | { op: "protect"; iova: Iova; size: number; prot: number }
  | { op: "unmap"; iova: Iova; size: number };

const OPERATION = "prepare";

/** What an operation's fields may be: nothing is believed of a caller without types. */
type Given = Readonly<Record<string, unknown>>;

const FOLDERS: Readonly<Record<TableOp["op"], (s: TableState, fold: Fold, op: Given) => void>> = {
  map: (s, fold, op) => {
    const { range, content } = checkExtent(s, op);
    fold.map(range, content);
  },
  mapList: foldPages,
  mapSegments: foldSegments,
  mapRepeat: (s, fold, op) => {
    const range = checkedRange(s, op);
    const repeat = checkSource(s, OPERATION, range.iova, op.source, op.phase);
    fold.map(range, { kind: "repeat", ...repeat, bits: s.attributes(op.prot, OPERATION, range.iova) });
  },
  replace: (s, fold, op) => {
    const { range, content } = checkExtent(s, op);
    fold.replace(range, content);
  },
  protect: (s, fold, op) => {
    const range = checkedRange(s, op);
    fold.protect(range, s.attributes(op.prot, OPERATION, range.iova));
  },
  unmap: (s, fold, op) => fold.unmap(checkedRange(s, op)),
};

/** @throws IoPgtableError what the calls of the same names throw, with the number of the operation in the message */
export function foldOperations(s: TableState, ops: unknown): readonly Piece[] {
  if (!Array.isArray(ops)) {
    throw new IoPgtableError("EINVAL", OPERATION, `the operations are ${show(ops)}; give an array`);
  }
  const fold = new Fold((range) => {
    const reached = clip(s, range);
    if (reached.size !== 0) checkEmpty(s, OPERATION, reached);
  });
  for (let i = 0; i < ops.length; i++) {
    try {
      foldOne(s, fold, ops[i]);
    } catch (error) {
      throw ops.length > 1 && error instanceof IoPgtableError ? numbered(error, i) : error;
    }
  }
  return fold.pieces;
}

function foldOne(s: TableState, fold: Fold, op: unknown): void {
  const given: Given = typeof op === "object" && op !== null ? (op as Given) : {};
  const name = given.op;
  if (typeof name === "string" && Object.hasOwn(FOLDERS, name)) {
    FOLDERS[name as TableOp["op"]](s, fold, given);
    return;
  }
  const names = Object.keys(FOLDERS).join(", ");
  throw new IoPgtableError("EINVAL", OPERATION, `op is ${show(name ?? op)}; it must be one of ${names}`);
}

function numbered(error: IoPgtableError, index: number): IoPgtableError {
  return new IoPgtableError(error.code, OPERATION, `ops[${index}]: ${error.reason}`, error.iova);
}

function checkedRange(s: TableState, op: Given): Range {
  const range = checkRange(s, OPERATION, op.iova, op.size);
  checkFree(s, OPERATION, range);
  return range;
}

function checkExtent(s: TableState, op: Given) {
  const range = checkedRange(s, op);
  const paddr = checkOutput(s, OPERATION, range.iova, op.paddr, range.size);
  return { range, content: { kind: "extent", paddr, bits: s.attributes(op.prot, OPERATION, range.iova) } as const };
}

function foldPages(s: TableState, fold: Fold, op: Given): void {
  const pages = op.pages;
  const placed = placeList(s, OPERATION, op.iova, pageList(s, OPERATION, pages, op.pageSize), op.prot);
  checkList(s, placed);
  const addresses =
    pages instanceof BigUint64Array || pages instanceof Float64Array ? pages : Float64Array.from(pages as number[]);
  const list = segmentsOfPages(addresses, placed.list.pageSize);
  fold.map({ iova: placed.iova, size: placed.size }, { kind: "list", list, start: 0, bits: placed.bits });
}

function foldSegments(s: TableState, fold: Fold, op: Given): void {
  const list = segmentsOf(op.segments, OPERATION);
  const { start, size } = checkPart(OPERATION, list, op.part);
  const placed = placeList(s, OPERATION, op.iova, extentsFrom(s, OPERATION, list, start, size), op.prot);
  checkList(s, placed);
  fold.map({ iova: placed.iova, size: placed.size }, { kind: "list", list, start, bits: placed.bits });
}
