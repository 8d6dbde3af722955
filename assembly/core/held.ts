// Ranges that prepared updates hold. The bindings know them; a table that they reach into stays, though it be empty, since the update counts on it.
import { Format } from "../format/format";
import { Address } from "./address";
import { Table } from "./table";

/** Whether a table that translates [iova, iova+size) has to stay. Asked only when one is about to go that an update may count on. */
declare function isHeld(handle: u32, iova: f64, size: f64): u32;

export class Held {
  /** Whether the table below the item at `level` for `va` has to stay. */
  static keeps<F extends Format>(t: Table, va: u64, level: u32): bool {
    if (!t.held) return false;
    const shift = changetype<F>(0).shift(level);
    const first = (va >> shift) << shift;
    return isHeld(<u32>changetype<usize>(t), <f64>Address.iova(t, first), <f64>((<u64>1) << shift)) != 0;
  }
}
