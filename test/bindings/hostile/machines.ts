// The machines that the operations of the corpus run on: a format, and where a device that walks its tables finds the next one.
import { amdV1, armLpaeS1, armV7s, type Format, x86_64 } from "../../../bindings/index.js";

export interface Machine {
  /** `changeTop` where the table can grow. */
  format(changeTop: (root: bigint) => void): Format;
  itemBytes: 4 | 8;
  /** log2 of the bytes that an item translates at a level of the architecture's number. */
  shift(level: number): number;
  /** Where the item points to a table, the table's address. */
  tableAt(item: bigint, level: number): bigint | undefined;
  /** Physical addresses that table items hold. */
  reach: number;
}

const LOW_48 = 0x0000_ffff_ffff_f000n;

/** DDI 0487: descriptors with 0b11 in [1:0] are tables but at level 3. */
const STAGE_1: Machine = {
  format: () => armLpaeS1({ ias: 48, oas: 48 }),
  itemBytes: 8,
  shift: (level) => 12 + 9 * (3 - level),
  tableAt: (item, level) => ((item & 3n) === 3n && level < 3 ? item & LOW_48 : undefined),
  reach: 48,
};

export const MACHINES = {
  "ARM stage 1": STAGE_1,
  /** 48882, 2.2.3: PR, and NextLevel 1..6. */
  "AMDv1, growing": {
    format: (changeTop) => amdV1({ ias: 64, oas: 52, startLevels: 2, changeTop }),
    itemBytes: 8,
    shift: (level) => 12 + 9 * level,
    tableAt: (item) => {
      const next = (item >> 9n) & 7n;
      return (item & 1n) !== 0n && next > 0n && next < 7n ? item & LOW_48 : undefined;
    },
    reach: 52,
  },
  /** 24593: P without PS above level 0. */
  "x86-64": {
    format: () => x86_64({ ias: 48, oas: 48 }),
    itemBytes: 8,
    shift: (level) => 12 + 9 * level,
    tableAt: (item, level) => ((item & 1n) !== 0n && level > 0 && (item & 0x80n) === 0n ? item & LOW_48 : undefined),
    reach: 48,
  },
  /** DDI 0406: 0b01 in [1:0] at level 1. Tables of 1 KiB. */
  "ARM short descriptors": {
    format: () => armV7s({ ias: 32, oas: 32 }),
    itemBytes: 4,
    shift: (level) => (level === 1 ? 20 : 12),
    tableAt: (item, level) => (level === 1 && (item & 3n) === 1n ? item & 0xffff_fc00n : undefined),
    reach: 32,
  },
} satisfies Record<string, Machine>;

export type MachineName = keyof typeof MACHINES;
