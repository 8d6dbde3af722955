// What the wasm core offers; coreModule.ts loads it.

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
  mapPagesPlain(handle: number, iova: number, paddr: number, count: number, prot: number): number;
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
  unmapPagesPlain(handle: number, iova: number, count: number): number;
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
  setWindow(offset: number, bytes: number, paddr: number): void;
}

/** What the core asks of its realm: another window of physical addresses. */
export interface CoreImports {
  otherWindow(paddr: number, bytes: number): number;
  otherWindowAt(offset: number): void;
  /** Whether a table that translates [iova, iova+size) must stay, though it be empty. */
  isHeld(handle: number, iova: number, size: number): number;
}

/** The status numbers of the core (assembly/core/table.ts). */
export const Status = {
  OK: 0,
  MORE: 1,
  SPLIT: 2,
  EVENTS: 4,
  FLUSH: 5,
  BREAK: 6,
  EINVAL: -1,
  ERANGE: -2,
  EEXIST: -3,
  ENOMEM: -4,
  EFAULT: -5,
} as const;
