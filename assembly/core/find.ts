// Looking one address up.
import { Format } from "../format/format";
import { Window } from "../memory/window";
import { Item } from "./item";
import { Path } from "./path";

/** What stands where the search ended. */
export class Found {
  static readonly EMPTY: i32 = 0;
  static readonly LEAF: i32 = 1;
  /** A reserved encoding. */
  static readonly INVALID: i32 = 2;
  /** A table pointer that leaves the memory. */
  static readonly OUTSIDE: i32 = 3;
}

let item: u64 = 0;
let level: u32 = 0;
let slot: usize = 0;
let table: u32 = 0;
let permits: u32 = 0;
let upper: u32 = 0;

export class Find {
  /** The last item looked at, where it is, its table and level; and what the items on the way permit, the last one included. */
  @inline static get item(): u64 {
    return item;
  }
  @inline static get level(): u32 {
    return level;
  }
  @inline static get slot(): usize {
    return slot;
  }
  @inline static get table(): u32 {
    return table;
  }
  @inline static get permits(): u32 {
    return permits;
  }
  /** The table one level above the smallest leaves that the last way down to these went through; it is not the root. */
  @inline static get upper(): u32 {
    return upper;
  }

  static leaf<F extends Format>(root: u32, top: u32, va: u64): i32 {
    const f = changetype<F>(0);
    let t = root;
    let l = top;
    let at = Item.slot<F>(root, va, top, top);
    let word = Item.load<F>(at);
    while (f.isTable(word, l)) {
      if (l == 1) upper = t;
      t = Path.pointed<F>(word, l);
      l--;
      if (t == Window.OUTSIDE) return Found.OUTSIDE;
      at = <usize>t + (Item.index<F>(va, l) << f.itemLg2());
      word = Item.load<F>(at);
    }
    item = word;
    level = l;
    slot = at;
    table = t;
    return word == 0 ? Found.EMPTY : f.isLeaf(word, l) ? Found.LEAF : Found.INVALID;
  }

  /** The same, keeping account of permissions. */
  static access<F extends Format>(root: u32, top: u32, va: u64, variant: u32): i32 {
    const f = changetype<F>(0);
    let t = root;
    let l = top;
    let allowed: u32 = 63;
    let word = Item.load<F>(Item.slot<F>(t, va, l, top));
    while (f.isTable(word, l)) {
      allowed &= f.permits(word, l, false, variant);
      t = Path.pointed<F>(word, l);
      l--;
      if (t == Window.OUTSIDE) return Found.OUTSIDE;
      word = Item.load<F>(<usize>t + (Item.index<F>(va, l) << f.itemLg2()));
    }
    item = word;
    level = l;
    if (!f.isLeaf(word, l)) return word == 0 ? Found.EMPTY : Found.INVALID;
    permits = allowed & f.permits(word, l, true, variant);
    return Found.LEAF;
  }

  /** The output address of `va` through the leaf item found. */
  @inline static oa<F extends Format>(va: u64): u64 {
    return Item.output<F>(item, level, va);
  }
}
