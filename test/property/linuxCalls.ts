// The four calls that Linux makes. io-pgtable's pair knows one page size at a time and sees tables where its successor
// sees leaves, so its expectations need the table entries that stand before the call.
import { Prot } from "../../bindings/index.js";
import {
  contains,
  endOf,
  endOfTable,
  heightOf,
  itemSize,
  type Leaf,
  least,
  overlaps,
  type Range,
  rangeBetween,
  rangeOf,
} from "../configurations/geometry.js";
import { type Expectation, mapResult, unmapResult } from "./expectation.js";
import { replacedBy } from "./idiomaticCalls.js";
import type { Change, LeafModel } from "./leafModel.js";
import type { TableSlot } from "./tableDump.js";

/** Pages of one size, as many of the asked ones as stand in one table, or in the input range where a format goes on from table to table. */
function pagesOfRun({ configuration: c }: LeafModel, iova: bigint, pageSize: bigint, count: number): Range[] {
  const end = c.pageByPage ? endOf(rangeOf(c, iova)) : endOfTable(c, iova, pageSize);
  const pages: Range[] = [];
  for (
    let page = { iova, size: pageSize };
    pages.length < count && endOf(page) <= end;
    page = { ...page, iova: endOf(page) }
  )
    pages.push(page);
  return pages;
}

const wrongPage = (model: LeafModel, pageSize: bigint) => !model.configuration.pageSizes.includes(pageSize);
const outside = (model: LeafModel, iova: bigint) => !model.fits({ iova, size: 1n });
const tooHigh = (model: LeafModel, paddr: bigint) => paddr >= 2n ** BigInt(model.configuration.oas);
const noAccess = (prot: number) => !(prot & (Prot.READ | Prot.WRITE));

/** @returns null where neither Linux nor the contract says what happens */
export function expectMapPages(
  model: LeafModel,
  request: { iova: bigint; paddr: bigint; pageSize: bigint; count: number; prot: number },
): Expectation | null {
  const { iova, paddr, pageSize, count, prot } = request;
  if (wrongPage(model, pageSize) || count === 0) return mapResult(0n, "EINVAL");
  if (outside(model, iova) || tooHigh(model, paddr)) return mapResult(0n, "ERANGE");
  if (noAccess(prot)) return mapResult(0n, "EINVAL");
  const pages = pagesOfRun(model, iova, pageSize, count);
  const run = rangeBetween(iova, iova + pageSize * BigInt(pages.length));
  const present = model.inside(run);
  const collides = present.some((leaf) => standsInLevelOf(model, leaf, pageSize));
  if (model.configuration.linuxCalls === "generic_pt" && present.length > 0) {
    // Whether a prefix stays, and whether leaves below give way, is open for the formats that Linux maps by range.
    return collides && overlaps(present[0] ?? run, { iova, size: 1n }) ? mapResult(0n, "EEXIST") : null;
  }
  if (model.configuration.pageByPage) return mapEach(model, pages, paddr, prot);
  if (collides) return mapResult(0n, "EEXIST");
  const attributes = model.attributes(prot);
  const added = pages.map((page) => ({ ...page, paddr: paddr + page.iova - iova, attributes }));
  // io-pgtable puts a block over a table whatever stands in it: those leaves go.
  const change: Change = { removed: present, split: [], added };
  return mapResult(run.size, null, { change, frees: replacedBy(added), exactGranule: false });
}

/** A leaf in the level that holds pages of this size, or above: it is in their way. One below is in a table, which gives way. */
function standsInLevelOf({ configuration: c }: LeafModel, leaf: Leaf, pageSize: bigint): boolean {
  return heightOf(c, leaf.size) >= heightOf(c, pageSize);
}

/** One page after the other until one is refused; those before it stay. */
function mapEach(model: LeafModel, pages: readonly Range[], paddr: bigint, prot: number): Expectation {
  const [first] = pages;
  const stop = pages.findIndex((page) => model.inside(page).some((leaf) => standsInLevelOf(model, leaf, page.size)));
  const done = stop < 0 ? pages : pages.slice(0, stop);
  const attributes = model.attributes(prot);
  const added = done.map((page) => ({ ...page, paddr: paddr + page.iova - (first?.iova ?? 0n), attributes }));
  const change: Change = { removed: done.flatMap((page) => model.inside(page)), split: [], added };
  const mapped = done.reduce((sum, page) => sum + page.size, 0n);
  return mapResult(mapped, stop < 0 ? null : "EEXIST", { change, frees: replacedBy(added), exactGranule: false });
}

/** Whether each item of a page holds a leaf of its own or a table. */
function itemsInUse(model: LeafModel, slots: readonly TableSlot[], page: Range): boolean {
  const item = itemSize(model.configuration, page.size);
  for (let iova = page.iova; iova < endOf(page); iova += item) {
    const leaf = model.at(iova);
    const isLeaf = leaf !== undefined && standsInLevelOf(model, leaf, page.size);
    if (!isLeaf && !slots.some((slot) => slot.iova === iova && slot.size === item)) return false;
  }
  return true;
}

/** @returns null where neither Linux nor the contract says what happens */
export function expectUnmapPages(
  model: LeafModel,
  slots: readonly TableSlot[],
  request: { iova: bigint; pageSize: bigint; count: number },
): Expectation | null {
  const { iova, pageSize, count } = request;
  if (wrongPage(model, pageSize) || count === 0 || outside(model, iova)) return unmapResult(0n);
  const pages = pagesOfRun(model, iova, pageSize, count);
  const removed: Leaf[] = [];
  let end = iova;
  for (const page of pages) {
    const leaves = model.inside(page);
    if (leaves.some((leaf) => leaf.size > pageSize)) break;
    const isLeaf = leaves[0]?.size === pageSize;
    const holdsTable = slots.some((slot) => slot.size <= pageSize && contains(page, slot));
    // An empty table is a hole for the leaves and an entry for io-pgtable; generic_pt formats leave it open.
    if (model.configuration.linuxCalls === "generic_pt" && !isLeaf && (leaves.length > 0 || holdsTable)) return null;
    if (!isLeaf && !itemsInUse(model, slots, page)) break;
    removed.push(...leaves);
    end = endOf(page);
  }
  const run = rangeBetween(iova, end);
  return unmapResult(run.size, {
    change: { removed, split: [], added: [] },
    frees: (slot) => contains(run, slot) && slot.size <= pageSize,
    exactGranule: false,
  });
}

export function expectMapRange(model: LeafModel, range: Range, paddr: bigint, prot: number): Expectation {
  if (noAccess(prot)) return mapResult(0n, "EINVAL");
  if (range.size === 0n) return mapResult(0n, "EINVAL");
  if (!model.fits(range) || tooHigh(model, paddr)) return mapResult(0n, "ERANGE");
  const pieces = model.cut(range, paddr, model.attributes(prot));
  const stop = pieces.findIndex((piece) => model.inside(piece).length > 0);
  const added = stop < 0 ? pieces : pieces.slice(0, stop);
  const mapped = added.reduce((sum, leaf) => sum + leaf.size, 0n);
  const change: Change = { removed: [], split: [], added };
  return mapResult(mapped, stop < 0 ? null : "EEXIST", { change, frees: freedByMapRange(added, pieces[stop]) });
}

/** Empty tables in the way of a larger leaf go; those in the way of the one that failed may. */
function freedByMapRange(added: readonly Leaf[], failed: Leaf | undefined) {
  const replaced = replacedBy(added);
  return (slot: Range) => (failed && overlaps(failed, slot) && !replaced(slot) ? undefined : replaced(slot));
}

export function expectUnmapRange(model: LeafModel, range: Range): Expectation {
  if (range.size === 0n || !model.fits(range)) return unmapResult(0n);
  const removed: Leaf[] = [];
  let iova = range.iova;
  for (let leaf = model.at(iova); leaf?.iova === iova && iova < endOf(range); leaf = model.at(iova)) {
    removed.push(leaf);
    iova = endOf(leaf);
  }
  const covered = rangeBetween(range.iova, least(iova, endOf(range)));
  return unmapResult(iova - range.iova, {
    change: { removed, split: [], added: [] },
    frees: (slot) => contains(covered, slot),
    exactGranule: false,
  });
}
