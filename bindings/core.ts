// Loading the wasm core: one module, one instance per memory and realm.
import { CORE_BASE64 } from "./generated/coreBytes.js";

/** The exports of assembly/index.ts. */
export interface Core {
  map(handle: number, iova: number, paddr: number, size: number, low: number, high: number, flags: number): number;
  mapPlain(handle: number, iova: number, paddr: number, size: number, prot: number): number;
  mapPages(
    handle: number,
    iova: number,
    paddr: number,
    size: number,
    sizeLg2: number,
    low: number,
    high: number,
    flags: number,
  ): number;
  planBegin(): void;
  planRoot(level: number): void;
  planMap(handle: number, iova: number, paddr: number, size: number, sizeLg2: number): void;
  planPath(handle: number, iova: number, level: number): void;
  plannedPages(level: number): number;
  plannedTotal(): number;
  mapList(handle: number, iova: number, at: number, count: number, low: number, high: number, how: number): number;
  unmap(handle: number, iova: number, size: number, flags: number): number;
  edit(
    handle: number,
    iova: number,
    size: number,
    paddr: number,
    low: number,
    high: number,
    kind: number,
    step: number,
  ): number;
  editWaits(): number;
  coalesce(handle: number, iova: number, size: number, resume: number): number;
  stock(handle: number): number;
  unstock(handle: number): void;
  setAside(handle: number, level: number): number;
  putBack(handle: number, level: number, page: number, stocked: number): void;
  linkShared(handle: number, iova: number, distance: number, count: number, level: number): number;
  tableRepeats(handle: number): number;
  firstLeaf(handle: number, iova: number, size: number): number;
  unmapRange(handle: number, iova: number, size: number, flags: number): number;
  unmapPages(handle: number, iova: number, size: number, sizeLg2: number, resume: number): number;
  readDirty(handle: number, iova: number, size: number, clear: number): number;
  trim(handle: number, all: number, items: number, resume: number): number;
  setTop(handle: number, level: number): number;
  birth(): number;
  undoMap(handle: number, iova: number, size: number, birth: number): number;
  tableTop(handle: number): number;
  tableRoot(handle: number): number;
  phys(handle: number, iova: number): number;
  access(handle: number, iova: number, permits: number): number;
  peek(
    format: number,
    root: number,
    top: number,
    low: number,
    high: number,
    permits: number,
    variant: number,
    encryptionBit: number,
  ): number;
  translate(handle: number, from: number, count: number, to: number): number;
  decode(format: number, low: number, high: number, level: number): number;
  decodedPaddr(): number;
  decodedSizeLg2(): number;
  geometry(format: number, what: number, level: number): number;
  createTable(): number;
  freeTable(handle: number): void;
  setTable(handle: number, format: number, root: number, top: number, variant: number, pageLg2: number): void;
  setTableFlags(handle: number, callerPages: number, incoherent: number, signed: number): void;
  setTableSpace(handle: number, first: number, spanBits: number, maskBits: number, oaBits: number): void;
  setTableAttributes(
    handle: number,
    low: number,
    high: number,
    sizesLow: number,
    sizesHigh: number,
    encryptionBit: number,
  ): void;
  setTableBreaks(handle: number, mode: number, memoryMaskLow: number, memoryMaskHigh: number): void;
  setTableHeld(handle: number, held: number): void;
  setTableReach(handle: number, bits: number): void;
  setTableWrittenBit(handle: number, low: number, high: number): void;
  setWritten(handle: number, at: number, low: number, high: number): void;
  setTableDirty(
    handle: number,
    maskLow: number,
    maskHigh: number,
    valueLow: number,
    valueHigh: number,
    flipLow: number,
    flipHigh: number,
  ): void;
  setTableProt(handle: number, prot: number, low: number, high: number): void;
  selectorOf(handle: number): number;
  setRoot(handle: number, index: number, page: number, bytes: number): number;
  prepareTable(handle: number): void;
  setTableShared(handle: number): void;
  reservePage(handle: number, page: number, bytes: number, level: number): number;
  unreservePage(handle: number, level: number, bytes: number): number;
  forgetPage(page: number, bytes: number): void;
  isFree(offset: number, bytes: number): number;
  bookBytes(offset: number, bytes: number): number;
  freePages(format: number, head: number): void;
  joinPages(tail: number, head: number): void;
  nextPage(page: number): number;
  pageLevel(page: number): number;
  markPages(head: number, mark: number): void;
  pageMark(page: number): number;
  takePage(sizeLg2: number): number;
  givePage(page: number, sizeLg2: number): void;
  takeBytes(bytes: number): number;
  countPages(change: number): void;
  pagesInUse(): number;
  pagesPeak(): number;
  pagesPooled(): number;
  attachRealm(superblock: number): number;
  createSuperblock(at: number, end: number, areaStart: number, areaUnits: number, groups: number): number;
  eventsOffset(): number;
  listOffset(): number;
  realmBytes(): number;
  superblockBytes(groups: number): number;
  setWindow(offset: number, bytes: number, paddr: number): void;
}

/** What the core asks of its realm: another window of physical addresses. */
export interface CoreImports {
  otherWindow(paddr: number, bytes: number): number;
  otherWindowAt(offset: number): void;
  /** Whether a table that translates [iova, iova+size) must stay, though it be empty. */
  isHeld(handle: number, iova: number, size: number): number;
}

/** The three ways in which the core's import can declare its memory; wasm wants the declaration to match the memory. */
type MemoryKind = "shared" | "limited" | "unlimited";

const modules = new Map<MemoryKind, WebAssembly.Module>();

/** The status numbers of the core (assembly/core/table.ts). */
export const Status = {
  OK: 0,
  MORE: 1,
  SPLIT: 2,
  EVENTS: 4,
  ONE_PAGE: 5,
  BREAK: 6,
  EINVAL: -1,
  ERANGE: -2,
  EEXIST: -3,
  ENOMEM: -4,
  EFAULT: -5,
} as const;

/** Instantiate the core over a memory. Synchronous; the first call in a realm compiles (about 2 ms), later ones do not. */
export function instantiate(memory: WebAssembly.Memory, imports: CoreImports): Core {
  const link = (kind: MemoryKind): Core => {
    const instance = new WebAssembly.Instance(moduleFor(kind), {
      env: { memory },
      window: { otherWindow: imports.otherWindow, otherWindowAt: imports.otherWindowAt },
      held: { isHeld: imports.isHeld },
    });
    return instance.exports as unknown as Core;
  };
  const shared = typeof SharedArrayBuffer !== "undefined" && memory.buffer instanceof SharedArrayBuffer;
  if (shared) return link("shared");
  try {
    return link("limited");
  } catch (error) {
    // A memory without a maximum cannot be told from one with, except by trying.
    if (error instanceof WebAssembly.LinkError) return link("unlimited");
    throw error;
  }
}

function moduleFor(kind: MemoryKind): WebAssembly.Module {
  const known = modules.get(kind);
  if (known !== undefined) return known;
  const module = new WebAssembly.Module(declareMemory(coreBytes(), kind));
  modules.set(kind, module);
  return module;
}

function coreBytes(): Uint8Array<ArrayBuffer> {
  const text = atob(CORE_BASE64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/**
 * Change how the module declares its memory import. It is built with `03 01 80 80 04`: shared, at least 1 page, at most 65536. Unshared with a maximum
 * is `01`; without one is `00` and no maximum: its three bytes are taken up by a longer encoding of the same minimum.
 */
function declareMemory(bytes: Uint8Array<ArrayBuffer>, kind: MemoryKind): Uint8Array<ArrayBuffer> {
  if (kind === "shared") return bytes;
  const name = [3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 3, 1, 0x80, 0x80, 4];
  const at = findBytes(bytes, name);
  if (at < 0) throw new Error("the wasm core does not import its memory as expected");
  const limits = at + name.length - 5;
  bytes.set(kind === "limited" ? [1, 1, 0x80, 0x80, 4] : [0, 0x81, 0x80, 0x80, 0], limits);
  return bytes;
}

function findBytes(bytes: Uint8Array, wanted: readonly number[]): number {
  for (let i = 0; i + wanted.length <= bytes.length; i++) {
    if (wanted.every((byte, k) => bytes[i + k] === byte)) return i;
  }
  return -1;
}
