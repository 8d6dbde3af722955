// Eviction: an object's entries go and come back, its mappings stay.
import { hex, IoPgtableError } from "../errors.js";
import { type SegmentList, segmentsOf } from "../segmentList.js";
import { applyChange } from "./apply.js";
import type { Books } from "./books.js";
import { changesBetween } from "./changes.js";
import { entriesOf, type GpuObject, type Mapping } from "./mapping.js";
import { neededBytes } from "./requests.js";
import type { Block } from "./splits.js";

const never = (): boolean => false;

/** @throws IoPgtableError EBUSY; whatever the table throws */
export function invalidate(books: Books, object: GpuObject): void {
  const op = "invalidate";
  const mappings = checkedMappings(books, op, object);
  if (books.objects.isEvicted(object)) return;
  const lists = mappings.map(({ list }) => list);
  const cuts: Block[] = [];
  for (const { start, end } of mappings) {
    books.splits.cutAt(books.index, start, cuts);
    books.splits.cutAt(books.index, end, cuts);
  }
  const ops = changesBetween(mappings, [], never);
  applyChange(books, {
    ops,
    joins: [],
    publish: () => {
      setLists(mappings, []);
      books.objects.setEvicted(object, true);
      for (const { start, end } of mappings) books.splits.forget(start, end);
      books.splits.note(cuts);
    },
    undo: () => setLists(mappings, lists),
  });
}

/** @throws IoPgtableError EINVAL (the object is too small now), EBUSY; whatever the table throws, and then it is still evicted */
export function revalidate(books: Books, object: GpuObject): void {
  const op = "revalidate";
  const mappings = checkedMappings(books, op, object);
  if (!books.objects.isEvicted(object)) return;
  const whole = segmentsOf(object.segments, op);
  for (const { backing, offset, start, end } of mappings) {
    const needed = neededBytes(backing, offset, end - start);
    if (needed <= whole.size) continue;
    const text = `the object has ${hex(whole.size)} bytes now, and ${hex(needed)} are mapped`;
    throw new IoPgtableError("EINVAL", op, text, start);
  }
  setLists(
    mappings,
    mappings.map(({ backing }) => entriesOf(backing, whole)),
  );
  const { splits, index } = books;
  applyChange(books, {
    ops: changesBetween([], mappings, never),
    joins: splits.isEmpty ? [] : mappings.flatMap(({ start, end }) => splits.wholeIn(index, start, end)),
    publish: () => {
      books.objects.setEvicted(object, false);
      for (const { start, end } of mappings) splits.forget(start, end);
    },
    undo: () => setLists(mappings, []),
  });
}

/** The mappings of an object, none of them held. @throws IoPgtableError EBUSY */
function checkedMappings(books: Books, operation: string, object: GpuObject): Mapping[] {
  books.checkUnused(operation, object);
  const mappings = books.objects.mappingsOf(object);
  for (const { start, end } of mappings) books.checkFree(operation, start, end);
  return mappings;
}

/** Mappings beyond the end of `lists` get none. */
function setLists(mappings: readonly Mapping[], lists: readonly (SegmentList | undefined)[]): void {
  mappings.forEach((mapping, i) => {
    mapping.setList(lists[i]);
  });
}
