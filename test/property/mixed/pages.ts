// The slow, obvious model of all operations: what each page of the input space maps to.
import type { TableOp } from "../../../bindings/index.js";
import type { Configuration } from "../../configurations/configuration.js";
import { iovaOf, smallestPage, vaOf } from "../../configurations/geometry.js";

export interface Page {
  readonly paddr: number;
  readonly prot: number;
}

/** By the number of the page in the input space. */
export class Pages {
  pages = new Map<number, Page>();
  readonly page: number;
  readonly #page: bigint;

  constructor(readonly configuration: Configuration) {
    this.#page = smallestPage(configuration);
    this.page = Number(this.#page);
  }

  iova(index: number): bigint {
    return iovaOf(this.configuration, BigInt(index) * this.#page);
  }

  index(iova: bigint): number {
    return Number(vaOf(this.configuration, iova) / this.#page);
  }

  range(op: TableOp): { first: number; count: number } {
    return { first: this.index(BigInt(op.iova)), count: this.bytes(op) / this.page };
  }

  bytes(op: TableOp): number {
    if (op.op === "mapList") return op.pages.length * op.pageSize;
    return op.op === "mapSegments" ? (op.part?.size ?? 0) : op.size;
  }

  /** The bytes that were mapped and are changed; null where something is mapped that must not be, and nothing changes. */
  apply(op: TableOp): number | null {
    const { first, count } = this.range(op);
    if (op.op === "unmap" || op.op === "protect") return this.change(first, count, op.op === "unmap" ? null : op.prot);
    const source = this.source(op);
    if (op.op !== "replace" && this.mapped(first, count) > 0) return null;
    for (let i = 0; i < count; i++) this.pages.set(first + i, { paddr: source(i), prot: this.says(op.prot) });
    return 0;
  }

  mapped(first: number, count: number): number {
    let mapped = 0;
    for (let i = 0; i < count; i++) if (this.pages.has(first + i)) mapped++;
    return mapped;
  }

  private change(first: number, count: number, prot: number | null): number {
    let bytes = 0;
    for (let index = first; index < first + count; index++) {
      const old = this.pages.get(index);
      if (old === undefined) continue;
      bytes += this.page;
      if (prot === null) this.pages.delete(index);
      else this.pages.set(index, { paddr: old.paddr, prot: this.says(prot) });
    }
    return bytes;
  }

  private says(prot: number): number {
    return this.configuration.says(prot);
  }

  /** The output address of the i-th page of an operation that maps. */
  private source(op: Exclude<TableOp, { op: "unmap" | "protect" }>): (i: number) => number {
    const { page } = this;
    if (op.op === "mapList") return (i) => Number(op.pages[i]);
    if (op.op === "map" || op.op === "replace") return (i) => op.paddr + i * page;
    const segments = op.op === "mapRepeat" ? op.source : op.segments;
    const extents = Array.isArray(segments) ? segments : [segments as { paddr: number; size: number }];
    const outputs = extents.flatMap(({ paddr, size }) =>
      Array.from({ length: size / page }, (_, i) => paddr + i * page),
    );
    const start = (op.op === "mapRepeat" ? (op.phase ?? 0) : (op.part?.start ?? 0)) / page;
    return (i) => outputs[(start + i) % outputs.length] ?? -1;
  }
}
