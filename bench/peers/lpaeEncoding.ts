// Stage 1 descriptors of VMSAv8-64 with the 4K granule, written down once more so that no peer shares a mistake with the library.

const READ = 1;
const WRITE = 2;
const CACHE = 4;
const NOEXEC = 8;
const MMIO = 16;
const PRIV = 32;

/** Bits 1:0 of a table descriptor, and of a leaf at level 3. */
export const TABLE_OR_PAGE = 3;
/** Bits 1:0 of a leaf at levels 1 and 2. */
export const BLOCK = 1;
export const UNPRIVILEGED = 1 << 6;
export const READ_ONLY = 1 << 7;
/** PXN and UXN, bits 53 and 54, counted from bit 32. */
export const EXECUTE_NEVER_HIGH = 3 << 21;

const OUTER_SHAREABLE = 2 << 8;
const INNER_SHAREABLE = 3 << 8;
const ACCESS_FLAG = 1 << 10;
const NOT_GLOBAL = 1 << 11;
const WRITE_BACK_INDEX = 1 << 2;
const DEVICE_INDEX = 2 << 2;

/** Bits 11:2 of a leaf, as Linux's io-pgtable-arm chooses them. */
export function lowAttributes(prot: number): number {
  let low = ACCESS_FLAG | NOT_GLOBAL;
  if ((prot & READ) !== 0 && (prot & WRITE) === 0) low |= READ_ONLY;
  if ((prot & PRIV) === 0) low |= UNPRIVILEGED;
  if ((prot & MMIO) !== 0) low |= DEVICE_INDEX;
  else if ((prot & CACHE) !== 0) low |= WRITE_BACK_INDEX;
  return low | ((prot & CACHE) !== 0 ? INNER_SHAREABLE : OUTER_SHAREABLE);
}

/** Bits 63:52 of a leaf, counted from bit 32. */
export function highAttributes(prot: number): number {
  return (prot & NOEXEC) !== 0 ? EXECUTE_NEVER_HIGH : 0;
}

/** Why an access is refused, as `access()` of the library reports it: the negative of the fault. */
export const UNMAPPED = -1;
export const DENIED = -2;

const ACCESS_WRITE = 2;
const ACCESS_EXECUTE = 4;
const ACCESS_PRIVILEGED = 8;

/** May a leaf with these halves be accessed so? Stage 1 leaves are always readable. */
export function permits(low: number, high: number, access: number): boolean {
  if ((access & ACCESS_PRIVILEGED) === 0 && (low & UNPRIVILEGED) === 0) return false;
  if ((access & ACCESS_WRITE) !== 0 && (low & READ_ONLY) !== 0) return false;
  return (access & ACCESS_EXECUTE) === 0 || (high & EXECUTE_NEVER_HIGH) === 0;
}
