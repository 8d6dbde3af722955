// A format that is whichever one the running operation is on. Operations are compiled once over it instead of once per format, all but looking up: 10 KB a
// format less. What can be learned of a format is learned when it becomes the one that is asked; any other question goes through the list of formats, for
// about 3 ns more than an inlined one.
import { Format } from "../format/format";
import { withFormat } from "../formats";
import { Item } from "./item";
import { Operation } from "./operation";
import { MAX_LEVELS, Table } from "./table";

/** What is the same for all items of a format, learned when it becomes the one that is asked. By level: in the bytes of a word, level 0 lowest. */
let shifts: u64 = 0;
let indexes: u64 = 0;
let itemLg2: u32 = 0;
let linearLg2: u32 = 0;
let contigMask: u64 = 0;
let sameItems: bool = false;
let mayEncrypt: bool = false;
/** A table item has of the bits `tableMask` those of `tableBits`, and at each level from 1 on `tableStep` more; and at least one bit of `tableAny`. */
let tableMask: u64 = 0;
let tableBits: u64 = 0;
let tableStep: u64 = 0;
let tableAny: u64 = 0;
/** The address of its table, moved by `tableShift`; where `tableFold` has no bit of it. */
let tableAddress: u64 = 0;
let tableShift: u32 = 0;
let tableFold: u64 = 0;

/** Leaves as they were asked for last: up to `leafLast` an item is its address moved right by `leafShift`, and `leafBase`. */
let leafAttrs: u64 = 0;
let leafLevel: u32 = 0;
let leafSizeLg2: u32 = 0;
let leafBase: u64 = 0;
let leafShift: u32 = 0;
let leafLast: u64 = 0;

class LearnOperation extends Operation {
  run<F extends Format>(t: Table, a: u64, b: u64, c: u64, d: u64, e: u32): i64 {
    const f = changetype<F>(0);
    shifts = 0;
    indexes = 0;
    for (let level: u32 = 0; level < MAX_LEVELS; level++) {
      shifts |= (<u64>f.shift(level)) << (level << 3);
      indexes |= (<u64>f.indexLg2(level)) << (level << 3);
    }
    itemLg2 = f.itemLg2();
    linearLg2 = f.linearLg2();
    contigMask = f.contigMask();
    sameItems = f.sameItems();
    mayEncrypt = f.mayEncrypt();
    LearnOperation.tables<F>();
    leafSizeLg2 = 0;
    leafLast = Item.ones(linearLg2);
    return 0;
  }

  /** Find out, bit by bit, what makes an item one of a table, and where the table's address is in it. */
  static tables<F extends Format>(): void {
    const f = changetype<F>(0);
    const item = f.tableItem(0, 1);
    const probe: u32 = 20;
    tableShift = probe - <u32>ctz(f.tableItem(1 << probe, 1) ^ item);
    tableMask = 0;
    tableAddress = 0;
    tableFold = 0;
    for (let bit: u64 = 1; bit != 0; bit <<= 1) {
      if (!f.isTable(item ^ bit, 1)) tableMask |= bit;
      const address = f.tablePaddr(bit, 1);
      if (address == 0) continue;
      if (address == bit << tableShift) tableAddress |= bit;
      else tableFold |= bit;
    }
    const needed = item & tableMask;
    tableAny = f.isTable(needed, 1) ? needed : item & ~tableMask;
    tableStep = (f.tableItem(0, 2) & tableMask) - needed;
    tableBits = needed - tableStep;
  }
}

class LevelOf extends Operation {
  run<F extends Format>(t: Table, a: u64, b: u64, c: u64, d: u64, e: u32): i64 {
    return changetype<F>(0).levelOf(e);
  }
}
class IsLeaf extends Operation {
  run<F extends Format>(t: Table, item: u64, b: u64, c: u64, d: u64, level: u32): i64 {
    return changetype<F>(0).isLeaf(item, level) ? 1 : 0;
  }
}
class TablePaddr extends Operation {
  run<F extends Format>(t: Table, item: u64, b: u64, c: u64, d: u64, level: u32): i64 {
    return changetype<F>(0).tablePaddr(item, level);
  }
}
class TableItem extends Operation {
  run<F extends Format>(t: Table, paddr: u64, b: u64, c: u64, d: u64, level: u32): i64 {
    return changetype<F>(0).tableItem(paddr, level);
  }
}
class LeafOa extends Operation {
  run<F extends Format>(t: Table, item: u64, b: u64, c: u64, d: u64, level: u32): i64 {
    return changetype<F>(0).leafOa(item, level);
  }
}
class LeafItem extends Operation {
  run<F extends Format>(t: Table, oa: u64, attrs: u64, sizeLg2: u64, d: u64, level: u32): i64 {
    return changetype<F>(0).leafItem(oa, attrs, level, <u32>sizeLg2);
  }
}
class LeafAttrs extends Operation {
  run<F extends Format>(t: Table, item: u64, b: u64, c: u64, d: u64, level: u32): i64 {
    return changetype<F>(0).leafAttrs(item, level);
  }
}
class ContigLg2 extends Operation {
  run<F extends Format>(t: Table, item: u64, b: u64, c: u64, d: u64, level: u32): i64 {
    return changetype<F>(0).contigLg2(item, level);
  }
}
class Permits extends Operation {
  run<F extends Format>(t: Table, item: u64, leaf: u64, variant: u64, d: u64, level: u32): i64 {
    return changetype<F>(0).permits(item, level, leaf != 0, <u32>variant);
  }
}

/** The format that `AnyFormat` is now. */
let current: u32 = <u32>-1;

/** From now on `AnyFormat` is this one. */
export function setFormat(format: u32): void {
  if (format == current) return;
  current = format;
  withFormat<LearnOperation>(format, changetype<Table>(0), 0, 0, 0, 0, 0);
}

/** Put a question to the format of the running operation. */
function ask<O extends Operation>(a: u64, b: u64, c: u64, level: u32): u64 {
  return <u64>withFormat<O>(current, changetype<Table>(0), a, b, c, 0, level);
}

export class AnyFormat extends Format {
  /** For those who look at many items at once: none is a table but of those with these bits under the mask. */
  @inline static get tableMask(): u64 {
    return tableMask;
  }
  @inline static tableBits(level: u32): u64 {
    return tableBits + level * tableStep;
  }

  @inline itemLg2(): u32 {
    return itemLg2;
  }
  @inline shift(level: u32): u32 {
    return <u32>(shifts >> (level << 3)) & 0xff;
  }
  @inline indexLg2(level: u32): u32 {
    return <u32>(indexes >> (level << 3)) & 0xff;
  }
  levelOf(sizeLg2: u32): u32 {
    return <u32>ask<LevelOf>(0, 0, 0, sizeLg2);
  }
  @inline isTable(item: u64, level: u32): bool {
    return level != 0 && (item & tableMask) == AnyFormat.tableBits(level) && (item & tableAny) != 0;
  }
  isLeaf(item: u64, level: u32): bool {
    return ask<IsLeaf>(item, 0, 0, level) != 0;
  }
  @inline tablePaddr(item: u64, level: u32): u64 {
    return (item & tableFold) == 0 ? (item & tableAddress) << tableShift : ask<TablePaddr>(item, 0, 0, level);
  }
  tableItem(paddr: u64, level: u32): u64 {
    return ask<TableItem>(paddr, 0, 0, level);
  }
  leafOa(item: u64, level: u32): u64 {
    return ask<LeafOa>(item, 0, 0, level);
  }
  @inline leafItem(oa: u64, attrs: u64, level: u32, sizeLg2: u32): u64 {
    const known = sizeLg2 == leafSizeLg2 && level == leafLevel && attrs == leafAttrs && oa <= leafLast;
    return known ? (oa >> leafShift) | leafBase : AnyFormat.learnLeaf(oa, attrs, level, sizeLg2);
  }
  static learnLeaf(oa: u64, attrs: u64, level: u32, sizeLg2: u32): u64 {
    leafAttrs = attrs;
    leafLevel = level;
    leafSizeLg2 = sizeLg2;
    leafBase = ask<LeafItem>(0, attrs, sizeLg2, level);
    leafShift = sizeLg2 - <u32>ctz(ask<LeafItem>((<u64>1) << sizeLg2, attrs, sizeLg2, level) ^ leafBase);
    return ask<LeafItem>(oa, attrs, sizeLg2, level);
  }
  leafAttrs(item: u64, level: u32): u64 {
    return ask<LeafAttrs>(item, 0, 0, level);
  }
  contigLg2(item: u64, level: u32): u32 {
    return <u32>ask<ContigLg2>(item, 0, 0, level);
  }
  @inline contigMask(): u64 {
    return contigMask;
  }
  @inline sameItems(): bool {
    return sameItems;
  }
  @inline linearLg2(): u32 {
    return linearLg2;
  }
  @inline mayEncrypt(): bool {
    return mayEncrypt;
  }
  permits(item: u64, level: u32, leaf: bool, variant: u32): u32 {
    return <u32>ask<Permits>(item, leaf ? 1 : 0, variant, level);
  }
}
