// The list of formats in this build: a format is its file in format/ and its line here. The position is its number in the bindings' list.
import { Operation } from "./core/operation";
import { Table } from "./core/table";
import { AmdV1 } from "./format/amdV1";
import { Dart2, Dart4K, Dart16K } from "./format/appleDart";
import { ArmLpae4K, ArmLpae4KLpa2, ArmLpae16K, ArmLpae16KLpa2, ArmLpae64K } from "./format/armLpae";
import { ArmMali } from "./format/armMali";
import { ArmV7s, ArmV7sMtk } from "./format/armV7s";
import { RiscV } from "./format/riscv";
import { VtdSecondStage } from "./format/vtdSecondStage";
import { X86_64 } from "./format/x86_64";

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
    case 5:
      return o.run<ArmV7s>(t, a, b, c, d, e);
    case 6:
      return o.run<ArmV7sMtk>(t, a, b, c, d, e);
    case 7:
      return o.run<Dart4K>(t, a, b, c, d, e);
    case 8:
      return o.run<Dart16K>(t, a, b, c, d, e);
    case 9:
      return o.run<Dart2>(t, a, b, c, d, e);
    case 10:
      return o.run<VtdSecondStage>(t, a, b, c, d, e);
    case 11:
      return o.run<X86_64>(t, a, b, c, d, e);
    case 12:
      return o.run<RiscV>(t, a, b, c, d, e);
    case 13:
      return o.run<ArmLpae4KLpa2>(t, a, b, c, d, e);
    case 14:
      return o.run<ArmLpae16KLpa2>(t, a, b, c, d, e);
    default:
      return -1;
  }
}
