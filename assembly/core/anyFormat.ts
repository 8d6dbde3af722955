// A format that is whichever one the running operation is on: each question goes through the list of formats. Operations that are not hot are compiled once
// over it instead of once per format (17 KB a format less); a question costs about 3 ns more than an inlined one.
import { Format } from "../format/format";
import { formatNumber, withFormat } from "../formats";
import { Operation } from "./operation";
import { Table } from "./table";

class ItemLg2 extends Operation {
  run<F extends Format>(t: Table, a: u64, b: u64, c: u64, d: u64, e: u32): i64 {
    return changetype<F>(0).itemLg2();
  }
}
class Shift extends Operation {
  run<F extends Format>(t: Table, a: u64, b: u64, c: u64, d: u64, e: u32): i64 {
    return changetype<F>(0).shift(e);
  }
}
class IndexLg2 extends Operation {
  run<F extends Format>(t: Table, a: u64, b: u64, c: u64, d: u64, e: u32): i64 {
    return changetype<F>(0).indexLg2(e);
  }
}
class LevelOf extends Operation {
  run<F extends Format>(t: Table, a: u64, b: u64, c: u64, d: u64, e: u32): i64 {
    return changetype<F>(0).levelOf(e);
  }
}
class IsTable extends Operation {
  run<F extends Format>(t: Table, item: u64, b: u64, c: u64, d: u64, level: u32): i64 {
    return changetype<F>(0).isTable(item, level) ? 1 : 0;
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
class ContigMask extends Operation {
  run<F extends Format>(t: Table, a: u64, b: u64, c: u64, d: u64, e: u32): i64 {
    return changetype<F>(0).contigMask();
  }
}
class SameItems extends Operation {
  run<F extends Format>(t: Table, a: u64, b: u64, c: u64, d: u64, e: u32): i64 {
    return changetype<F>(0).sameItems() ? 1 : 0;
  }
}
class LinearLg2 extends Operation {
  run<F extends Format>(t: Table, a: u64, b: u64, c: u64, d: u64, e: u32): i64 {
    return changetype<F>(0).linearLg2();
  }
}
class MayEncrypt extends Operation {
  run<F extends Format>(t: Table, a: u64, b: u64, c: u64, d: u64, e: u32): i64 {
    return changetype<F>(0).mayEncrypt() ? 1 : 0;
  }
}
class Permits extends Operation {
  run<F extends Format>(t: Table, item: u64, leaf: u64, variant: u64, d: u64, level: u32): i64 {
    return changetype<F>(0).permits(item, level, leaf != 0, <u32>variant);
  }
}

/** Put a question to the format of the running operation. */
function ask<O extends Operation>(a: u64, b: u64, c: u64, level: u32): u64 {
  return <u64>withFormat<O>(formatNumber(), changetype<Table>(0), a, b, c, 0, level);
}

export class AnyFormat extends Format {
  itemLg2(): u32 {
    return <u32>ask<ItemLg2>(0, 0, 0, 0);
  }
  shift(level: u32): u32 {
    return <u32>ask<Shift>(0, 0, 0, level);
  }
  indexLg2(level: u32): u32 {
    return <u32>ask<IndexLg2>(0, 0, 0, level);
  }
  levelOf(sizeLg2: u32): u32 {
    return <u32>ask<LevelOf>(0, 0, 0, sizeLg2);
  }
  isTable(item: u64, level: u32): bool {
    return ask<IsTable>(item, 0, 0, level) != 0;
  }
  isLeaf(item: u64, level: u32): bool {
    return ask<IsLeaf>(item, 0, 0, level) != 0;
  }
  tablePaddr(item: u64, level: u32): u64 {
    return ask<TablePaddr>(item, 0, 0, level);
  }
  tableItem(paddr: u64, level: u32): u64 {
    return ask<TableItem>(paddr, 0, 0, level);
  }
  leafOa(item: u64, level: u32): u64 {
    return ask<LeafOa>(item, 0, 0, level);
  }
  leafItem(oa: u64, attrs: u64, level: u32, sizeLg2: u32): u64 {
    return ask<LeafItem>(oa, attrs, sizeLg2, level);
  }
  leafAttrs(item: u64, level: u32): u64 {
    return ask<LeafAttrs>(item, 0, 0, level);
  }
  contigLg2(item: u64, level: u32): u32 {
    return <u32>ask<ContigLg2>(item, 0, 0, level);
  }
  contigMask(): u64 {
    return ask<ContigMask>(0, 0, 0, 0);
  }
  sameItems(): bool {
    return ask<SameItems>(0, 0, 0, 0) != 0;
  }
  linearLg2(): u32 {
    return <u32>ask<LinearLg2>(0, 0, 0, 0);
  }
  mayEncrypt(): bool {
    return ask<MayEncrypt>(0, 0, 0, 0) != 0;
  }
  permits(item: u64, level: u32, leaf: bool, variant: u32): u32 {
    return <u32>ask<Permits>(item, leaf ? 1 : 0, variant, level);
  }
}
