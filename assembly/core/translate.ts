// Looking many addresses up, in two passes over some at a time: first where the leaf of each stands, then the leaves, whose loads do not wait for each other.
// Measured: random addresses over 1 GiB take 13 ns each instead of 22, those within one table 6.8 instead of 5.5.
import { Format } from "../format/format";
import { withFormat } from "../formats";
import { Window } from "../memory/window";
import { Address } from "./address";
import { Find } from "./find";
import { Item } from "./item";
import { Operation } from "./operation";
import { Path } from "./path";
import { Fault, LookupOperation } from "./readOperations";
import { Table } from "./table";

/** So many are noted before their leaves are read: one bit each of a word. */
const TOGETHER: usize = 64;
/** No address that is looked up. */
const NOWHERE: u64 = <u64>-1;

/**
 * Look up b addresses (f64) at a, write the answers (f64, -1 where nothing is mapped) to c. Returns how many are mapped. Real address streams have locality:
 * the table of smallest leaves that answered last and the one above it are kept at hand.
 */
export class TranslateOperation extends Operation {
  run<F extends Format>(t: Table, a: u64, count: u64, c: u64, d: u64, e: u32): i64 {
    const f = changetype<F>(0);
    const tagShift = <u64>(f.shift(0) + f.indexLg2(0));
    const upperShift = tagShift + <u64>f.indexLg2(1);
    const first = t.spaceFirst;
    const span = t.spaceSpan;
    const mask = t.mask;
    let tag: u64 = <u64>-1;
    let table: u32 = 0;
    let upperTag: u64 = <u64>-1;
    let upper: u32 = 0;
    let mapped: i64 = 0;
    let from = <usize>a;
    let to = <usize>c;
    const end = from + ((<usize>count) << 3);
    while (from != end) {
      const stop = min<usize>(end, from + (TOGETHER << 3));
      const notes = to;
      let noted: u64 = 0;
      for (let bit: u64 = 1; from != stop; from += 8, to += 8, bit <<= 1) {
        const iova = load<f64>(from);
        let at = Address.bits(iova);
        if (!Address.isSmall(iova) || at - first > span) {
          at = checked(t, iova);
          if (at == NOWHERE) {
            store<f64>(to, <f64>Fault.UNMAPPED);
            continue;
          }
        }
        const va = at & mask;
        if (tag != va >> tagShift) {
          const child = upperTag == va >> upperShift ? TranslateOperation.child<F>(upper, va) : Window.OUTSIDE;
          if (child == Window.OUTSIDE) {
            const found = descend(t, va, to);
            mapped += found & MAPPED;
            if (found <= MAPPED) continue;
            tag = va >> tagShift;
            table = Find.table;
            if (found < UPPER) continue;
            upperTag = va >> upperShift;
            upper = Find.upper;
            continue;
          }
          tag = va >> tagShift;
          table = child;
        }
        // The offset of a leaf has 32 bits; an address adds fewer to the output of a leaf of level 0.
        const slot = <usize>table + (Item.index<F>(va, 0) << f.itemLg2());
        store<u64>(to, ((<u64>slot) << 32) | <u64>(<u32>va));
        noted |= bit;
      }
      mapped += TranslateOperation.read<F>(notes, noted);
    }
    return mapped;
  }

  /** The table below the one of level 1; OUTSIDE where there is none, or it is not in the memory. */
  @inline static child<F extends Format>(upper: u32, va: u64): u32 {
    const f = changetype<F>(0);
    const item = Item.load<F>(<usize>upper + (Item.index<F>(va, 1) << f.itemLg2()));
    return f.isTable(item, 1) ? Path.pointed<F>(item, 1) : Window.OUTSIDE;
  }

  /** Read the leaves that are noted, and put the answers in the place of the notes. Returns how many are mapped. */
  @inline static read<F extends Format>(notes: usize, noted: u64): i64 {
    const f = changetype<F>(0);
    let mapped: i64 = 0;
    for (; noted != 0; noted >>= 1, notes += 8) {
      if ((noted & 1) == 0) continue;
      const note = load<u64>(notes);
      const item = Item.load<F>(<usize>(note >> 32));
      if (f.isLeaf(item, 0)) {
        store<f64>(notes, Address.output(Item.output<F>(item, 0, <u64>(<u32>note))));
        mapped++;
      } else {
        store<f64>(notes, <f64>Fault.UNMAPPED);
      }
    }
    return mapped;
  }
}

/** An address that is not plainly one of the table's: it, or NOWHERE. */
function checked(t: Table, iova: f64): u64 {
  const at = Address.of(iova);
  return Address.exact(iova) && Address.inside(t, at, 1) ? at : NOWHERE;
}

/** What `descend` came to; the last two say that it ended in a table of smallest leaves, and that one hangs above it that is not the root. */
const MAPPED: i64 = 1;
const TABLE: i64 = 2;
const UPPER: i64 = 4;

/** The whole way down, the answer written to `to`. */
function descend(t: Table, va: u64, to: usize): i64 {
  const oa = withFormat<LookupOperation>(t.format, t, va, t.root, t.top, 0, 0);
  store<f64>(to, oa < 0 ? <f64>oa : Address.output(<u64>oa));
  const isMapped = oa >= 0 ? MAPPED : 0;
  if (oa == Fault.CORRUPT || Find.level != 0) return isMapped;
  return isMapped | (t.top == 1 ? TABLE : TABLE | UPPER);
}
