/** Where the drivers of the recorded kernels and this library differ on purpose; docs/differences-from-linux.md has each by this name. */
export const Deliberate = {
  WRITE_ONLY: "a write-only leaf of VT-d cannot be read (Linux 6.12's driver stores it as readable)",
  EMPTY_TABLE: "an unmap frees the AMDv1 tables that it covers whole (Linux 6.12's driver keeps them, empty)",
} as const;
export type DeliberateName = (typeof Deliberate)[keyof typeof Deliberate];
