// The list of formats in this build: a format is its file in format/ and its line here. The position is its number in the bindings' list.
import { Operation } from "./core/operation";
import { Table } from "./core/table";
import { AmdV1 } from "./format/amdV1";
import { ArmLpae4K, ArmLpae16K, ArmLpae64K } from "./format/armLpae";
import { ArmMali } from "./format/armMali";

/** Run an operation as compiled for a format. */
export function withFormat<O extends Operation>(format: u32, t: Table, a: u64, b: u64, c: u64, d: u64, e: u32): i64 {
  const o = changetype<O>(0);
  switch (format) {
    case 0:
      return o.run<ArmLpae4K>(t, a, b, c, d, e);
    case 1:
      return o.run<ArmLpae16K>(t, a, b, c, d, e);
    case 2:
      return o.run<ArmLpae64K>(t, a, b, c, d, e);
    case 3:
      return o.run<ArmMali>(t, a, b, c, d, e);
    case 4:
      return o.run<AmdV1>(t, a, b, c, d, e);
    default:
      return -1;
  }
}

let current: u32 = 0;

/** The format that `AnyFormat` is now. */
export function formatNumber(): u32 {
  return current;
}
export function setFormat(format: u32): void {
  current = format;
}
