// Changes of the mappings that are not decided yet: the index shows them, and can be set back.
import type { Books } from "./books.js";
import { changesBetween, type EntryChange } from "./changes.js";
import type { GpuObject, Mapping } from "./mapping.js";
import { RangeSet } from "./rangeSet.js";
import type { Block } from "./splits.js";
import { cutOut, type GpuVmStep, takeFrom } from "./steps.js";
import { Cursor, type Range } from "./vaIndex.js";

export class Draft {
  readonly steps: GpuVmStep[] = [];
  readonly #books: Books;
  readonly #operation: string;
  readonly #asked: Range[] = [];
  /** New mappings, with those that a later request has removed again until `#kept`. */
  #made: Mapping[] = [];
  #dropped = false;
  readonly #gone: Mapping[] = [];
  readonly #cuts: Block[] = [];

  constructor(books: Books, operation: string) {
    this.#books = books;
    this.#operation = operation;
  }

  bind(wanted: Mapping): void {
    this.#take(wanted.start, wanted.end, wanted);
    this.steps.push({ step: "map", mapping: wanted.view });
    this.#insert(wanted);
  }

  unbind(start: number, end: number): void {
    this.#take(start, end, undefined);
  }

  /** Cut at both ends; nothing changes in the table. */
  split(start: number, end: number): void {
    this.#books.checkFree(this.#operation, start, end);
    const made: Mapping[] = [];
    for (const old of this.#overlapping(start, end)) {
      const before = made.length;
      cutOut(old, start, end, { steps: this.steps, made });
      if (made.length !== before) this.#remove(old);
    }
    for (const mapping of made) this.#insert(mapping);
  }

  /** How the table is to change: from what was before the draft to what is now. */
  changes(): EntryChange[] {
    let requests: RangeSet | undefined;
    const isVacant = (start: number, end: number): boolean => {
      requests ??= rangesOf(this.#asked);
      return requests.holds(start, end) && !this.#books.index.overlaps(start, end);
    };
    return changesBetween(byStart(this.#gone), byStart(this.#kept()), isVacant);
  }

  /** What was asked for, and the mappings that this changes, whole. */
  ranges(): RangeSet {
    const ranges = rangesOf(this.#asked);
    for (const { start, end } of this.#gone) ranges.add(start, end);
    return ranges;
  }

  /** Blocks that can be one leaf again. */
  joins(): Block[] {
    const { splits, index } = this.#books;
    return splits.isEmpty ? [] : this.#asked.flatMap(({ start, end }) => splits.wholeIn(index, start, end));
  }

  /** The memory that new mappings show. */
  objects(): Set<GpuObject> {
    return new Set(this.#kept().map(({ backing }) => backing.memory));
  }

  /** The index as it was. */
  undo(): void {
    const { index } = this.#books;
    for (const mapping of this.#kept()) index.remove(mapping);
    for (const mapping of this.#gone) index.insert(mapping);
  }

  redo(): void {
    const { index } = this.#books;
    for (const mapping of this.#gone) index.remove(mapping);
    for (const mapping of this.#kept()) index.insert(mapping);
  }

  /** It is decided: the rest of the books follows. */
  publish(): void {
    const { objects, splits } = this.#books;
    for (const mapping of this.#gone) objects.remove(mapping);
    for (const mapping of this.#kept()) {
      mapping.maker = undefined;
      objects.add(mapping);
    }
    for (const { start, end } of this.#asked) splits.forget(start, end);
    splits.note(this.#cuts);
  }

  #take(start: number, end: number, wanted: Mapping | undefined): void {
    this.#books.checkFree(this.#operation, start, end);
    this.#asked.push({ start, end });
    const { splits, index } = this.#books;
    splits.cutAt(index, start, this.#cuts);
    splits.cutAt(index, end, this.#cuts);
    const made: Mapping[] = [];
    for (const old of this.#overlapping(start, end)) {
      takeFrom(old, start, end, wanted, { steps: this.steps, made });
      this.#remove(old);
    }
    for (const mapping of made) this.#insert(mapping);
  }

  #overlapping(start: number, end: number): Mapping[] {
    const found: Mapping[] = [];
    const cursor = new Cursor<Mapping>();
    this.#books.index.seek(cursor, start);
    for (let m = cursor.range; m !== undefined && m.start < end; m = cursor.range) {
      found.push(m);
      cursor.next();
    }
    return found;
  }

  #insert(mapping: Mapping): void {
    mapping.maker = this;
    this.#made.push(mapping);
    this.#books.index.insert(mapping);
  }

  #remove(mapping: Mapping): void {
    this.#books.index.remove(mapping);
    if (mapping.maker === this) {
      mapping.maker = undefined;
      this.#dropped = true;
    } else this.#gone.push(mapping);
  }

  #kept(): Mapping[] {
    if (this.#dropped) this.#made = this.#made.filter(({ maker }) => maker === this);
    this.#dropped = false;
    return this.#made;
  }
}

function rangesOf(asked: readonly Range[]): RangeSet {
  const ranges = new RangeSet();
  for (const { start, end } of asked) ranges.add(start, end);
  return ranges;
}

function byStart(mappings: Mapping[]): Mapping[] {
  return mappings.sort((a, b) => a.start - b.start);
}
