// Operations at places where something is: ranges and output addresses that meet each other's borders, of leaves of all sizes.
import { type IoPageTable, Prot, type TableOp } from "../../../bindings/index.js";
import { tableSpanLg2 } from "../../configurations/geometry.js";
import { canSay } from "../../configurations/memory.js";
import type { Random } from "../../conformance/suite/random.js";
import type { Pages } from "./pages.js";

const RW = Prot.READ | Prot.WRITE;
const PROTS = [RW, Prot.READ, RW | Prot.CACHE, RW | Prot.NOEXEC];
/** Pages that each of the places has. */
const PLACE = 2048;
/** Output addresses end here: the least that any configuration has, less the largest range. */
const OUTPUTS = 2 ** 32 - 2 ** 28;
/** Most pages of a list, each of which is made by itself. */
export const LISTED = 300;

/** What operations are called on. */
export interface Caller {
  readonly table: IoPageTable;
  readonly random: Random;
  /** Room for a list in the memory itself. */
  readonly area: Float64Array;
}

export class Operations {
  readonly #places: number[];
  readonly #prots: number[];

  constructor(
    readonly model: Pages,
    readonly random: Random,
  ) {
    const { configuration: c, page } = model;
    const all = Number(2n ** BigInt(c.ias) / BigInt(page));
    const table = 2 ** tableSpanLg2(c, 0) / page;
    const middle = Math.min(table, all / 4) - PLACE / 2;
    this.#places = [0, Math.max(middle, 0), all - PLACE];
    this.#prots = PROTS.filter((prot) => (!c.needsWrite || prot & Prot.WRITE) && canSay(c, prot));
  }

  prot(): number {
    return this.random.pick(this.#prots);
  }

  range(): { first: number; count: number } {
    const { random } = this;
    const alignment = random.pick([1, 1, 1, 2, 4, 16, 256, 512]);
    const index = random.below(PLACE);
    const count = random.pick([1, 2, 3, 16, 17, 32, 128, 512, 600, 1024]);
    const start = index - (index % alignment);
    return { first: random.pick(this.#places) + start, count: Math.min(count, PLACE - start) };
  }

  /** A range that is long enough for shared tables, now and then. */
  #repeated(): { first: number; count: number } {
    if (this.random.below(2) === 0) return this.range();
    return { first: this.random.pick(this.#places), count: PLACE };
  }

  output(first: number): number {
    const { page } = this.model;
    const { random } = this;
    const iova = (first % 2 ** 20) * page;
    const at = [iova, random.below(2 ** 16) * page, random.below(8) * 2 ** 25 + (iova % 2 ** 25)][random.below(3)] ?? 0;
    return (at % OUTPUTS) - ((at % OUTPUTS) % page);
  }

  list(length: number): Float64Array<ArrayBuffer> {
    let next = this.output(0);
    return Float64Array.from({ length }, () => {
      next = this.random.below(4) === 0 ? this.output(0) : next + this.model.page;
      return next;
    });
  }

  next(): TableOp {
    const { model, random } = this;
    const { page } = model;
    const kind = random.below(10);
    const { first, count } = kind === 9 ? this.#repeated() : this.range();
    const iova = model.iova(first);
    const size = count * page;
    const prot = this.prot();
    if (kind < 2) return { op: "map", iova, paddr: this.output(first), size, prot };
    if (kind === 2) return { op: "mapList", iova, pages: this.list(Math.min(count, LISTED)), pageSize: page, prot };
    if (kind === 3) return this.#segments(iova, Math.min(count, LISTED), prot);
    if (kind < 6) return { op: "replace", iova, paddr: this.output(first), size, prot };
    if (kind === 6) return { op: "protect", iova, size, prot };
    if (kind < 9) return { op: "unmap", iova, size };
    const phase = random.below(3) * page;
    const source = Array.from(this.list(1 + random.below(6)), (paddr) => ({ paddr, size: page }));
    return { op: "mapRepeat", iova, size, source, prot, phase };
  }

  #segments(iova: bigint, pages: number, prot: number): TableOp {
    const { page } = this.model;
    const segments = Array.from(this.list(pages + 3), (paddr) => ({ paddr, size: page }));
    return { op: "mapSegments", iova, segments, prot, part: { start: 2 * page, size: pages * page } };
  }
}

/** Call what an operation names, a list in any of the forms that there are. @returns the bytes that it changed, of those that say */
export function call({ table, random, area }: Caller, op: TableOp): number {
  const gather = random.below(2) === 0 ? table.gather() : undefined;
  let bytes = 0;
  if (op.op === "map") table.map(op.iova, op.paddr, op.size, op.prot);
  else if (op.op === "mapSegments") table.mapSegments(op.iova, op.segments, op.prot, op.part);
  else if (op.op === "mapRepeat") table.mapRepeat(op.iova, op.size, op.source, op.prot, op.phase);
  else if (op.op === "replace") table.replace(op.iova, op.paddr, op.size, op.prot, gather);
  else if (op.op === "protect") bytes = table.protect(op.iova, op.size, op.prot, gather);
  else if (op.op === "unmap") bytes = table.unmap(op.iova, op.size, gather === undefined ? {} : { gather });
  else callList({ table, random, area }, op);
  gather?.sync();
  return bytes;
}

function callList(
  { table, random, area }: Caller,
  { iova, pages, pageSize, prot }: Extract<TableOp, { op: "mapList" }>,
): void {
  const numbers = Float64Array.from(pages, Number);
  const form = random.below(4);
  if (form === 0) table.mapList(iova, numbers, pageSize, prot);
  else if (form === 1) table.mapList(iova, BigUint64Array.from(numbers, BigInt), pageSize, prot);
  else if (form === 2)
    table.mapFrames(
      iova,
      numbers.map((paddr) => paddr / pageSize),
      pageSize,
      prot,
    );
  else {
    const inMemory = area.subarray(0, numbers.length);
    inMemory.set(numbers);
    table.mapList(iova, inMemory, pageSize, prot);
  }
}
