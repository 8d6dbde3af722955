// The numbers of the core's formats: their positions in assembly/formats.ts.

export const CoreFormat = {
  ARM_LPAE_4K: 0,
  ARM_LPAE_16K: 1,
  ARM_LPAE_64K: 2,
  ARM_MALI: 3,
  AMD_V1: 4,
  ARM_V7S: 5,
  ARM_V7S_MTK: 6,
  DART_4K: 7,
  DART_16K: 8,
  DART2: 9,
  VTD_SECOND_STAGE: 10,
  X86_64: 11,
  RISCV: 12,
  ARM_LPAE_4K_LPA2: 13,
  ARM_LPAE_16K_LPA2: 14,
} as const;
