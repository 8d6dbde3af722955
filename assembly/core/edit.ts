// What a call that changes mappings in place is to do: remove, replace or protect [first, last]. Set once; the steps of the call read it.
import { Format } from "../format/format";
import { Dirty } from "./dirty";
import { Item } from "./item";
import { Table } from "./table";

export class EditKind {
  /** Nothing is left in the range. */
  static readonly REMOVE: u32 = 0;
  /** The range maps one extent. */
  static readonly REPLACE: u32 = 1;
  /** What is mapped gets other attributes. */
  static readonly PROTECT: u32 = 2;
  /** Nothing changes; tables of several entries that the range covers in part become its own. */
  static readonly OWN: u32 = 3;
}

/** When a live entry that changes must be cleared and flushed first; the bindings know the same numbers. */
export class BreakMode {
  static readonly NEVER: u32 = 0;
  /** Not for a mere change of size. */
  static readonly BBM2: u32 = 1;
  static readonly ALWAYS: u32 = 2;
}

let kind: u32 = 0;
let first: u64 = 0;
let last: u64 = 0;
let oa: u64 = 0;
let attrs: u64 = 0;

export class Edit {
  static set(newKind: u32, newFirst: u64, newLast: u64, newOa: u64, newAttrs: u64): void {
    kind = newKind;
    first = newFirst;
    last = newLast;
    oa = newOa;
    attrs = newAttrs;
  }
  @inline static get kind(): u32 {
    return kind;
  }
  @inline static get first(): u64 {
    return first;
  }
  @inline static get last(): u64 {
    return last;
  }
  /** The attribute bits that the range is to get. */
  @inline static get attrs(): u64 {
    return attrs;
  }
  /** The output address that `va` is to get (REPLACE). */
  @inline static oaAt(va: u64): u64 {
    return oa + (va - first);
  }

  /** The output address of `va` through a leaf item that covers it. */
  @inline static oldOa<F extends Format>(item: u64, level: u32, va: u64): u64 {
    const f = changetype<F>(0);
    const span = f.sameItems() ? f.shift(level) + f.contigLg2(item, level) : f.shift(level);
    return Item.oa<F>(item, level) | (va & Item.ones(span));
  }

  /** The attributes that a leaf item is to have: those asked for, with the dirty state that it has now. */
  static newAttrs<F extends Format>(t: Table, item: u64, level: u32): u64 {
    if (t.dirtyMask == 0) return attrs;
    const f = changetype<F>(0);
    const fresh = f.leafItem(0, attrs, 0, f.shift(0));
    const kept = Dirty.like(t, fresh, item);
    return Item.attrs<F>(kept, 0);
  }

  /** Whether the edit changes nothing of this leaf at `va`, apart from its size. */
  static keeps<F extends Format>(t: Table, item: u64, level: u32, va: u64): bool {
    if (kind == EditKind.REMOVE) return false;
    if (Item.attrs<F>(item, level) != Edit.newAttrs<F>(t, item, level)) return false;
    return kind == EditKind.PROTECT || Edit.oldOa<F>(item, level, va) == Edit.oaAt(va);
  }
}
