// What the kernels of the records ran their IOMMUs with, and how to read permissions from their entries without the library.
import { amdV1, armLpaeS1, type Format, Prot, vtdSecondStage } from "../../../bindings/index.js";
import type { RealTable } from "./snapshots.js";

export interface Kernel {
  format(table: RealTable): Format;
  /** The library's number of a level that the record counts in its own way. */
  level(recorded: number): number;
  /** READ and WRITE of a leaf, from the manual's bits. */
  permissions(raw: bigint): number;
}

const bit = (raw: bigint, at: number) => (raw >> BigInt(at)) & 1n;
const permissions = (read: boolean, write: boolean) => (read ? Prot.READ : 0) | (write ? Prot.WRITE : 0);

export const KERNELS: Readonly<Record<string, Kernel>> = {
  ARM_64_LPAE_S1: {
    format: ({ granule }) =>
      armLpaeS1({ ias: 48, oas: 44, pageSizes: [granule, granule === 4096 ? 2 ** 21 : 2 ** 25] }),
    level: (recorded) => recorded,
    // AP[2], bit 7: read-only.
    permissions: (raw) => permissions(true, bit(raw, 7) === 0n),
  },
  VTD_SS: {
    format: ({ levels }) => vtdSecondStage({ ias: 12 + 9 * levels, oas: 46 }),
    level: (recorded) => recorded - 1,
    permissions: (raw) => permissions(bit(raw, 0) === 1n, bit(raw, 1) === 1n),
  },
  AMD_V1: {
    format: ({ levels }) => amdV1({ ias: Math.min(12 + 9 * levels, 64), oas: 52, startLevels: levels }),
    level: (recorded) => recorded - 1,
    // IR, bit 61, and IW, bit 62.
    permissions: (raw) => permissions(bit(raw, 61) === 1n, bit(raw, 62) === 1n),
  },
};
