// What the formats of a family have in common, from the architecture manuals and from what Linux makes of a protection.
import { Prot } from "../../bindings/index.js";
import type { Family } from "./configuration.js";
import * as memory from "./memory.js";

const { READ, WRITE, CACHE, NOEXEC, MMIO, PRIV } = Prot;

/** Flags that an entry can say; the others are dropped. */
const says = (flags: number, { alwaysReads = false, mmioHidesCache = false, always = 0 } = {}) => {
  return (prot: number): number => {
    const said = (prot & flags) | (alwaysReads ? READ : 0) | always;
    return mmioHidesCache && (said & MMIO) !== 0 ? said & ~CACHE : said;
  };
};

/** Writable leaves have DBM (51); writing clears AP[2] (7), at stage 2 it sets S2AP[1] (7). DDI 0487, D8.4.6. */
const STAGE_1_DIRTY = { bit: 1n << 7n, dirty: 0, onlyWhere: 1n << 51n } as const;
const STAGE_2_DIRTY = { bit: 1n << 7n, dirty: 1, onlyWhere: 1n << 51n } as const;

/** Stage 2: no privilege levels. */
export const STAGE_2: Family = {
  leafLevel: 3,
  towardsLeaves: 1,
  itemLg2: 3,
  groups: "own addresses",
  fullRoot: false,
  says: says(READ | WRITE | CACHE | NOEXEC | MMIO),
  memory: memory.STAGE_2,
  adds: 0,
  needsWrite: false,
  tablePaddrBits: 48,
  linuxCalls: "io-pgtable",
  pageByPage: false,
  dirty: null,
};
export const STAGE_2_FWB: Family = { ...STAGE_2, memory: memory.STAGE_2_FWB };
export const STAGE_2_HD: Family = { ...STAGE_2, dirty: STAGE_2_DIRTY };
export const STAGE_1: Family = {
  ...STAGE_2,
  says: says(READ | WRITE | CACHE | NOEXEC | MMIO | PRIV, { alwaysReads: true }),
  memory: memory.STAGE_1,
};
export const STAGE_1_HD: Family = { ...STAGE_1, dirty: STAGE_1_DIRTY };
/** LPA2: an address stands where others say that MMIO is coherent. */
export const STAGE_1_LPA2: Family = {
  ...STAGE_1_HD,
  memory: { ...memory.STAGE_1, shareOf: null },
  says: says(READ | WRITE | CACHE | NOEXEC | MMIO | PRIV, { alwaysReads: true, mmioHidesCache: true }),
  tablePaddrBits: 52,
};
export const STAGE_2_LPA2: Family = {
  ...STAGE_2,
  memory: { ...memory.STAGE_2, shareOf: null },
  says: says(READ | WRITE | CACHE | NOEXEC | MMIO, { mmioHidesCache: true }),
  tablePaddrBits: 52,
};
export const MALI: Family = {
  ...STAGE_2,
  memory: memory.MALI,
  says: says(READ | WRITE | CACHE | NOEXEC | MMIO, { mmioHidesCache: true }),
};

export const V7S: Family = {
  ...STAGE_2,
  memory: null,
  leafLevel: 2,
  itemLg2: 2,
  groups: "equal items",
  says: says(READ | WRITE | CACHE | NOEXEC | MMIO | PRIV, { alwaysReads: true, mmioHidesCache: true }),
  tablePaddrBits: 32,
  pageByPage: true,
};
/** NO_PERMS: there are no permission bits. */
export const V7S_OPEN: Family = {
  ...V7S,
  says: says(CACHE | MMIO, { mmioHidesCache: true, always: READ | WRITE }),
};

export const DART: Family = {
  ...STAGE_2,
  memory: null,
  leafLevel: 1,
  towardsLeaves: -1,
  fullRoot: true,
  says: says(READ | WRITE),
  tablePaddrBits: 36,
};
export const DART2: Family = { ...DART, says: says(READ | WRITE | CACHE), tablePaddrBits: 42 };

export const AMD: Family = {
  ...STAGE_2,
  memory: null,
  leafLevel: 0,
  towardsLeaves: -1,
  groups: "equal items",
  fullRoot: true,
  says: says(READ | WRITE),
  tablePaddrBits: 52,
  linuxCalls: "generic_pt",
  dirty: { bit: 1n << 6n, dirty: 1, onlyWhere: 0n },
};
/** Address bit 47 marks memory as encrypted. */
export const AMD_ENCRYPTED: Family = { ...AMD, says: says(READ | WRITE | MMIO), tablePaddrBits: 47 };
/** FC in every leaf. */
export const AMD_COHERENT: Family = { ...AMD, says: says(READ | WRITE, { always: CACHE }), adds: CACHE };

export const VTD: Family = { ...AMD, memory: memory.VTD, dirty: { bit: 1n << 9n, dirty: 1, onlyWhere: 0n } };
export const VTD_COHERENT: Family = { ...VTD, says: AMD_COHERENT.says, adds: CACHE };
export const VTD_WRITEABLE: Family = { ...VTD, needsWrite: true };

export const X86: Family = { ...AMD, memory: memory.X86, says: says(READ | WRITE, { alwaysReads: true }), dirty: null };
export const X86_ENCRYPTED: Family = {
  ...X86,
  says: says(READ | WRITE | MMIO, { alwaysReads: true }),
  tablePaddrBits: 47,
};

export const RISCV: Family = {
  ...AMD,
  says: says(READ | WRITE | NOEXEC, { alwaysReads: true }),
  tablePaddrBits: 56,
  dirty: null,
};
/** Svpbmt: IO for MMIO, NC without CACHE. */
export const RISCV_SVPBMT: Family = {
  ...RISCV,
  memory: memory.SVPBMT,
  says: says(READ | WRITE | NOEXEC | CACHE | MMIO, { alwaysReads: true, mmioHidesCache: true }),
};
