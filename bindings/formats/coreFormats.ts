// The numbers of the core's formats: their positions in assembly/formats.ts.

export const CoreFormat = { ARM_LPAE_4K: 0, ARM_LPAE_16K: 1, ARM_LPAE_64K: 2, ARM_MALI: 3, AMD_V1: 4 } as const;
