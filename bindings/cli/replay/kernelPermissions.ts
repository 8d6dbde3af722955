/** What a device may do through a leaf. */
export interface Permissions {
  readonly read: boolean;
  readonly write: boolean;
}

interface KernelFormat {
  readonly permissions: (raw: bigint) => Permissions;
  /** Whether the kernel's entries let a device read what was asked for as write-only. */
  readonly readsWhatItWrites: boolean;
}

const has = (raw: bigint, bit: bigint): boolean => ((raw >> bit) & 1n) !== 0n;

/** The permission bits of the recorded kernels' formats, from the vendors' manuals and not from this library, which is what is compared. */
const FORMATS: Readonly<Record<string, KernelFormat>> = {
  // AP[2] forbids writing.
  ARM_64_LPAE_S1: { permissions: (raw) => ({ read: true, write: !has(raw, 7n) }), readsWhatItWrites: true },
  VTD_SS: { permissions: (raw) => ({ read: has(raw, 0n), write: has(raw, 1n) }), readsWhatItWrites: true },
  // IR and IW.
  AMD_V1: { permissions: (raw) => ({ read: has(raw, 61n), write: has(raw, 62n) }), readsWhatItWrites: false },
};

/** @returns null for a format that no record so far has */
export function kernelFormat(name: string | null): KernelFormat | null {
  return name === null ? null : (FORMATS[name] ?? null);
}
