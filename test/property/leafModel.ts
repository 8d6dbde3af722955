import type { Configuration } from "../configurations/configuration.js";
import {
  contains,
  endOf,
  inputRanges,
  itemSize,
  type Leaf,
  levelOf,
  overlaps,
  type Range,
  rangeBetween,
  vaOf,
} from "../configurations/geometry.js";

/** What a call did to the leaves. A leaf that is cut is both `split` (as it was) and `added` (what is left of it). */
export interface Change {
  removed: Leaf[];
  split: Leaf[];
  added: Leaf[];
}

export const UNCHANGED: Change = { removed: [], split: [], added: [] };

/** The table as a list of leaves and nothing more: no levels, no table pages, no sharing, every question a linear search. */
export class LeafModel {
  private leaves = new Map<bigint, Leaf>();

  constructor(readonly configuration: Configuration) {}

  /** What of `prot` an entry of this format says. */
  attributes(prot: number): number {
    return this.configuration.says(prot);
  }

  sorted(): Leaf[] {
    return [...this.leaves.values()].sort((a, b) => (a.iova < b.iova ? -1 : 1));
  }

  inside(range: Range): Leaf[] {
    return this.sorted().filter((leaf) => overlaps(leaf, range));
  }

  at(iova: bigint): Leaf | undefined {
    return this.inside({ iova, size: 1n })[0];
  }

  translate(iova: bigint): bigint | null {
    const leaf = this.at(iova);
    return leaf ? leaf.paddr + iova - leaf.iova : null;
  }

  /** The leaves that a map of this range is made of: from its start on, always the largest that address and length allow. */
  cut(range: Range, paddr: bigint, attributes: number): Leaf[] {
    const pieces: Leaf[] = [];
    const sizes = [...this.configuration.pageSizes].reverse();
    for (let iova = range.iova; iova < endOf(range); ) {
      const output = paddr + iova - range.iova;
      const size = sizes.find((s) => iova % s === 0n && output % s === 0n && iova + s <= endOf(range));
      if (size === undefined) throw new Error("the range is not made of pages");
      pieces.push({ iova, size, paddr: output, attributes });
      iova += size;
    }
    return pieces;
  }

  /** What is left of a leaf when `hole` is cut out of it, in the largest legal sizes. */
  remains(leaf: Leaf, hole: Range): Leaf[] {
    const parts = [rangeBetween(leaf.iova, hole.iova), rangeBetween(endOf(hole), endOf(leaf))];
    return parts
      .filter((part) => part.size > 0n)
      .flatMap((part) => this.cut(part, leaf.paddr + part.iova - leaf.iova, leaf.attributes));
  }

  apply({ removed, split, added }: Change): void {
    for (const leaf of [...removed, ...split]) this.leaves.delete(leaf.iova);
    for (const leaf of added) this.leaves.set(leaf.iova, leaf);
  }

  fits(range: Range): boolean {
    return inputRanges(this.configuration).some((valid) => contains(valid, range));
  }

  mappedBytes(): bigint {
    return this.sorted().reduce((sum, leaf) => sum + leaf.size, 0n);
  }

  census(): Map<number, number> {
    const census = new Map<number, number>();
    for (const { size } of this.leaves.values()) census.set(Number(size), (census.get(Number(size)) ?? 0) + 1);
    return census;
  }

  /** `level va` of every item, as `readDump` lists them. */
  items(): string {
    const c = this.configuration;
    const lines = this.sorted().flatMap((leaf) => {
      const item = itemSize(c, leaf.size);
      const level = levelOf(c, leaf.size);
      return Array.from({ length: Number(leaf.size / item) }, (_, i) => {
        return `${level} ${(vaOf(c, leaf.iova) + BigInt(i) * item).toString(16)}`;
      });
    });
    return lines.join("\n");
  }
}
