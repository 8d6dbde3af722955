// What the permission bits of each format allow, in words as the manuals have them: in the leaf and in the tables above it.
import { describe, expect, it } from "vitest";
import {
  Access,
  amdV1,
  appleDart,
  appleDart2,
  armLpaeS1,
  armLpaeS2,
  armMaliLpae,
  armV7s,
  Fault,
  type Format,
  riscv,
  vtdSecondStage,
  x86_64,
} from "../../../bindings/index.js";
import { walkerOver } from "./wordTables.js";

const KINDS = { r: Access.READ, w: Access.WRITE, x: Access.EXECUTE };

const PADDR = 0x8000_0000;

/** The kinds of access that are allowed: of the user, then of the privileged. */
function allowed(format: Format, words: readonly bigint[]): string {
  const walker = walkerOver(format, words);
  const isAllowed = (access: number): boolean => {
    const answer = walker.access(0, access);
    if (answer !== PADDR && answer !== -Fault.PERMISSION) throw new Error(`access ${access} gives ${answer}`);
    return answer === PADDR;
  };
  const may = (privilege: number): string =>
    Object.entries(KINDS)
      .filter(([, kind]) => isAllowed(kind | privilege))
      .map(([name]) => name)
      .join("");
  return `${may(0)}/${may(Access.PRIV)}`;
}

type Row = readonly [what: string, kinds: string, words: readonly bigint[]];

function describeFormat(name: string, format: () => Format, rows: readonly Row[]): void {
  describe(name, () => {
    it.each(rows)("%s: %s", (_what, kinds, words) => {
      expect(allowed(format(), words)).toBe(kinds);
    });
  });
}

const stage1 = (quirks: readonly "ARM_HD"[] = []) => armLpaeS1({ ias: 39, oas: 40, quirks });

describeFormat("Arm stage 1 (DDI 0487, D8.4)", stage1, [
  ["AP 0", "x/rwx", [0x4001_0003n, 0x4002_0003n, 0x8000_0403n]],
  ["AP 1", "rwx/rw", [0x4001_0003n, 0x4002_0003n, 0x8000_0443n]],
  ["AP 2", "x/rx", [0x4001_0003n, 0x4002_0003n, 0x8000_0483n]],
  ["AP 3", "rx/rx", [0x4001_0003n, 0x4002_0003n, 0x8000_04c3n]],
  ["PXN", "rx/r", [0x4001_0003n, 0x4002_0003n, 0x0020_0000_8000_04c3n]],
  ["UXN", "r/rx", [0x4001_0003n, 0x4002_0003n, 0x0040_0000_8000_04c3n]],
  ["no access flag", "/", [0x4001_0003n, 0x4002_0003n, 0x8000_00c3n]],
  ["APTable 1", "x/rx", [0x2000_0000_4001_0003n, 0x4002_0003n, 0x8000_04c3n]],
  ["APTable 2", "x/rx", [0x4000_0000_4001_0003n, 0x4002_0003n, 0x8000_0403n]],
  ["PXNTable", "rx/r", [0x0800_0000_4001_0003n, 0x4002_0003n, 0x8000_04c3n]],
  ["UXNTable", "r/rx", [0x1000_0000_4001_0003n, 0x4002_0003n, 0x8000_04c3n]],
  ["UXNTable one level above the page", "r/rx", [0x4001_0003n, 0x1000_0000_4002_0003n, 0x8000_04c3n]],
  ["the dirty bit modifier, without dirty state", "rx/rx", [0x4001_0003n, 0x4002_0003n, 0x0008_0000_8000_04c3n]],
]);

describeFormat("Arm stage 1 with dirty state (DDI 0487, D8.4.6)", () => stage1(["ARM_HD"]), [
  ["read-only", "rx/rx", [0x4001_0003n, 0x4002_0003n, 0x8000_04c3n]],
  ["read-only, the dirty bit modifier", "rwx/rw", [0x4001_0003n, 0x4002_0003n, 0x0008_0000_8000_04c3n]],
  ["UXNTable", "r/rx", [0x1000_0000_4001_0003n, 0x4002_0003n, 0x8000_04c3n]],
]);

describeFormat("Arm stage 2 (DDI 0487, D8.4.3)", () => armLpaeS2({ ias: 39, oas: 40 }), [
  ["S2AP 1", "rx/rx", [0x4001_0003n, 0x4002_0003n, 0x8000_0443n]],
  ["S2AP 2", "wx/wx", [0x4001_0003n, 0x4002_0003n, 0x8000_0483n]],
  ["S2AP 3", "rwx/rwx", [0x4001_0003n, 0x4002_0003n, 0x8000_04c3n]],
  ["XN", "rw/rw", [0x4001_0003n, 0x4002_0003n, 0x0040_0000_8000_04c3n]],
  ["no access flag", "/", [0x4001_0003n, 0x4002_0003n, 0x8000_00c3n]],
  ["the dirty bit modifier, without dirty state", "rx/rx", [0x4001_0003n, 0x4002_0003n, 0x0008_0000_8000_0443n]],
  ["a table's bits 63:59 are no limits", "rwx/rwx", [0xf800_0000_4001_0003n, 0x4002_0003n, 0x8000_04c3n]],
]);

describeFormat("Mali", () => armMaliLpae({ ias: 39, oas: 40 }), [
  ["read", "rx/rx", [0x4001_0003n, 0x4002_0003n, 0x4003_0003n, 0x8000_0041n]],
  ["write", "wx/wx", [0x4001_0003n, 0x4002_0003n, 0x4003_0003n, 0x8000_0081n]],
  ["XN", "rw/rw", [0x4001_0003n, 0x4002_0003n, 0x4003_0003n, 0x0040_0000_8000_00c1n]],
]);

describeFormat("Arm short descriptors (DDI 0406C, B3.5)", () => armV7s({ ias: 32, oas: 32 }), [
  ["small page, AP 3", "rwx/rwx", [0x4001_0001n, 0x8000_0032n]],
  ["small page, AP 1", "/rwx", [0x4001_0001n, 0x8000_0012n]],
  ["small page, AP 7", "rx/rx", [0x4001_0001n, 0x8000_0232n]],
  ["small page, XN", "rw/rw", [0x4001_0001n, 0x8000_0033n]],
  ["small page, no access flag", "/", [0x4001_0001n, 0x8000_0022n]],
  ["large page, AP 3", "rwx/rwx", [0x4001_0001n, 0x8000_0031n]],
  ["large page, AP 7", "rx/rx", [0x4001_0001n, 0x8000_0231n]],
  ["large page, XN", "rw/rw", [0x4001_0001n, 0x8000_8031n]],
  ["section, AP 3", "rwx/rwx", [0x8000_0c02n]],
  ["section, AP 1", "/rwx", [0x8000_0402n]],
  ["section, AP 7", "rx/rx", [0x8000_8c02n]],
  ["section, XN", "rw/rw", [0x8000_0c12n]],
  ["section, NS", "rwx/rwx", [0x8008_0c02n]],
  ["supersection, XN", "rw/rw", [0x8004_0c12n]],
]);

describeFormat("Arm short descriptors without permissions", () => armV7s({ ias: 32, oas: 32, quirks: ["NO_PERMS"] }), [
  ["small page", "rwx/rwx", [0x4001_0001n, 0x8000_0202n]],
]);

describe.each([
  ["4K", 30, 0x1000],
  ["16K", 36, 0x4000],
] as const)("DART, %s", (_size, ias, page) => {
  const format = () => appleDart({ ias, oas: 36, pageSizes: [page] });
  it.each([
    ["all", "rwx/rwx", 0x8000_0001n],
    ["no read", "w/w", 0x8000_0101n],
    ["no write", "rx/rx", 0x8000_0081n],
  ] as const)("%s: %s", (_what, kinds, leaf) => {
    expect(allowed(format(), [0x4001_0001n, leaf])).toBe(kinds);
  });
});

describeFormat("DART2", () => appleDart2({ ias: 36, oas: 42, pageSizes: [0x4000] }), [
  ["all", "rwx/rwx", [0x0400_1001n, 0x0800_0001n]],
  ["no read", "w/w", [0x0400_1001n, 0x0800_0009n]],
  ["no write", "rx/rx", [0x0400_1001n, 0x0800_0005n]],
]);

describeFormat("AMDv1 (48882, 2.2.3)", () => amdV1({ ias: 39, oas: 52 }), [
  ["IR and IW", "rwx/rwx", [0x6000_0000_4001_0401n, 0x6000_0000_4002_0201n, 0x6000_0000_8000_0001n]],
  ["IR", "rx/rx", [0x6000_0000_4001_0401n, 0x6000_0000_4002_0201n, 0x2000_0000_8000_0001n]],
  ["IW", "w/w", [0x6000_0000_4001_0401n, 0x6000_0000_4002_0201n, 0x4000_0000_8000_0001n]],
  ["IR of a table", "rx/rx", [0x2000_0000_4001_0401n, 0x6000_0000_4002_0201n, 0x6000_0000_8000_0001n]],
  ["IW of a table", "w/w", [0x6000_0000_4001_0401n, 0x4000_0000_4002_0201n, 0x6000_0000_8000_0001n]],
]);

describeFormat("VT-d (D51397, 9.8)", () => vtdSecondStage({ ias: 39, oas: 52 }), [
  ["R and W", "rwx/rwx", [0x4001_0003n, 0x4002_0003n, 0x8000_0003n]],
  ["R", "rx/rx", [0x4001_0003n, 0x4002_0003n, 0x8000_0001n]],
  ["W", "w/w", [0x4001_0003n, 0x4002_0003n, 0x8000_0002n]],
  ["R of a table", "rx/rx", [0x4001_0001n, 0x4002_0003n, 0x8000_0003n]],
  ["W of a table", "w/w", [0x4001_0003n, 0x4002_0002n, 0x8000_0003n]],
]);

describeFormat("x86-64 (24593, 5.6)", () => x86_64({ ias: 48, oas: 52 }), [
  ["US and RW", "rwx/rwx", [0x4001_0007n, 0x4002_0007n, 0x4003_0007n, 0x8000_0007n]],
  ["no US", "/rwx", [0x4001_0007n, 0x4002_0007n, 0x4003_0007n, 0x8000_0003n]],
  ["no RW", "rx/rx", [0x4001_0007n, 0x4002_0007n, 0x4003_0007n, 0x8000_0005n]],
  ["XD", "rw/rw", [0x4001_0007n, 0x4002_0007n, 0x4003_0007n, 0x8000_0000_8000_0007n]],
  ["no US in a table", "/rwx", [0x4001_0003n, 0x4002_0007n, 0x4003_0007n, 0x8000_0007n]],
  ["no RW in a table", "rx/rx", [0x4001_0007n, 0x4002_0005n, 0x4003_0007n, 0x8000_0007n]],
  ["XD in a table", "rw/rw", [0x4001_0007n, 0x4002_0007n, 0x8000_0000_4003_0007n, 0x8000_0007n]],
]);

describeFormat("RISC-V (volume II, 12.3)", () => riscv({ ias: 39, oas: 56 }), [
  ["R", "/r", [0x1000_4001n, 0x1000_8001n, 0x2000_0003n]],
  ["X", "/x", [0x1000_4001n, 0x1000_8001n, 0x2000_0009n]],
  ["R, W and X", "/rwx", [0x1000_4001n, 0x1000_8001n, 0x2000_000fn]],
  ["R and U", "r/r", [0x1000_4001n, 0x1000_8001n, 0x2000_0013n]],
  ["R, W, X and U", "rwx/rw", [0x1000_4001n, 0x1000_8001n, 0x2000_001fn]],
]);
