// Protections that a family of formats can say, and the accesses to ask about.
import { Access, Prot } from "../../../bindings/index.js";

const { READ, WRITE, CACHE, NOEXEC, MMIO, PRIV } = Prot;
const RW = READ | WRITE;

export const STAGE_1 = [
  ...[RW, READ, RW | CACHE, READ | CACHE, RW | MMIO | NOEXEC, READ | MMIO, RW | PRIV, READ | PRIV | CACHE],
  ...[RW | NOEXEC, READ | NOEXEC | PRIV, RW | CACHE | PRIV | NOEXEC, WRITE, RW | CACHE | MMIO],
];
/** With explicit shareability and memory types. */
export const STAGE_1_EXPLICIT = [
  ...STAGE_1,
  ...[RW | Prot.SHARE_NONE | CACHE, READ | Prot.SHARE_OUTER | CACHE, RW | Prot.SHARE_INNER],
  ...[RW | Prot.memoryType(3), READ | Prot.memoryType(1) | Prot.SHARE_NONE],
];
export const STAGE_2 = [
  RW,
  READ,
  WRITE,
  RW | CACHE,
  READ | NOEXEC,
  RW | NOEXEC | CACHE,
  WRITE | MMIO,
  READ | MMIO | NOEXEC,
];
export const READ_WRITE = [RW, RW, READ, WRITE];
export const X86 = [RW, RW, READ, READ | PRIV | NOEXEC];
export const RISCV = [RW, READ, RW | NOEXEC, READ | NOEXEC, RW | CACHE, READ | MMIO | NOEXEC];
export const V7S = [RW, READ, RW | NOEXEC, READ | PRIV, RW | PRIV | CACHE, RW | MMIO, READ | CACHE | NOEXEC];

const both = (access: number): number[] => [access, access | Access.PRIV];
export const DMA = [Access.READ | Access.PRIV, Access.WRITE | Access.PRIV];
export const DATA = [...both(Access.READ), ...both(Access.WRITE)];
export const ALL = [...DATA, ...both(Access.EXECUTE)];
