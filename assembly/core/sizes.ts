// Which leaf size next: the largest that the addresses' alignment and the length allow, for as long as no larger one would do.
import { Item } from "./item";

export class Sizes {
  /**
   * log2 of the best leaf size for a range of `span` + 1 bytes whose input and output address have the bits `bits` between them. The range is
   * aligned to the smallest size.
   */
  @inline static best(sizes: u64, bits: u64, span: u64): u32 {
    const fits = Item.ones(64 - <u32>clz(span + 1 == 0 ? span : span + 1));
    const aligned = bits == 0 ? <u64>-1 : ((bits & -bits) << 1) - 1;
    return 63 - <u32>clz(sizes & fits & aligned);
  }

  /** The last byte of the run of leaves of 2^sizeLg2 that starts at `va`: up to where a larger size might do, or to the last whole leaf. */
  @inline static runLast(sizes: u64, va: u64, last: u64, skew: u64, sizeLg2: u32): u64 {
    const larger = sizes & ~Item.ones(sizeLg2 + 1);
    let limit = last;
    if (larger != 0) {
      const block = Item.ones(<u32>ctz(larger));
      if ((skew & block) == 0) limit = min<u64>(last, va | block);
    }
    return limit - ((limit - va + 1) & Item.ones(sizeLg2));
  }
}
