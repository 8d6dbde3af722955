// A GPU address space: which object is mapped where, and the table's entries for it. The work is in gpuVm/, one part per file.
import { IoPgtableError } from "./errors.js";
import { applyChange, endChange } from "./gpuVm/apply.js";
import { Books } from "./gpuVm/books.js";
import { writeExtents } from "./gpuVm/changes.js";
import { Draft } from "./gpuVm/draft.js";
import { changeByOne } from "./gpuVm/entries.js";
import { invalidate, revalidate } from "./gpuVm/evict.js";
import type { GpuMapping, GpuObject, Mapping } from "./gpuVm/mapping.js";
import { isRepeated } from "./gpuVm/mapping.js";
import { holdDraft, type PreparedGpuVmUpdate } from "./gpuVm/prepared.js";
import { type BindRequest, Checker, checkGpuObject, type GpuVmRequest } from "./gpuVm/requests.js";
import type { GpuVmStep } from "./gpuVm/steps.js";
import { Cursor } from "./gpuVm/vaIndex.js";
import { IoPageTable, type Iova, stateOf } from "./ioPageTable.js";
import { checkIova, show } from "./numbers.js";
import { checkSpan } from "./table/span.js";

/**
 * DRM GPUVM's job done by the page table's own code: it keeps the mappings and updates the entries in one pass, changing only what differs. Its part of the
 * table is its own: what maps there by other calls is in its way.
 *
 * @example
 * ```ts
 * const vm = new GpuVm(table);
 * const buffer = { segments: [{ paddr: 0x8_0000_0000, size: 0x40_0000 }] };
 * vm.bind({ iova: 0x1000_0000, size: 0x40_0000, object: buffer, prot: Prot.READ | Prot.WRITE });
 * vm.unbind(0x1010_0000, 0x1_0000); // [{ step: "remap", unmapped, before, after }]
 * vm.find(0x1011_0000)?.offset; // 0x11_0000
 * ```
 */
export class GpuVm {
  readonly #books: Books;
  readonly #checker: Checker;

  /**
   * @param range where mappings may lie; default: wherever the table maps
   * @throws IoPgtableError EINVAL, ERANGE
   */
  constructor(table: IoPageTable, range?: { iova: Iova; size: number }) {
    if (!(table instanceof IoPageTable)) {
      throw new IoPgtableError("EINVAL", "new GpuVm", `the table is ${show(table)}; give an IoPageTable`);
    }
    this.#books = new Books(table);
    this.#checker = new Checker(this.#books, range);
  }

  /**
   * Map an object, over whatever is mapped there. What stays as it is at its address keeps its entries. An evicted object is entered in the books, its entries
   * come with `revalidate`. All or nothing.
   * @returns what became of the mappings in the way, then the map
   * @throws IoPgtableError EINVAL, ERANGE, ENOMEM, ENOTSUP (a protection), EBUSY
   *
   * @example
   * ```ts
   * const vm = new GpuVm(table);
   * const buffer = { segments: [{ paddr: 0x8_0000_0000, size: 0x40_0000 }] };
   * vm.bind({ iova: 0x1000_0000, size: 0x20_0000, object: buffer, offset: 0x20_0000, prot: Prot.READ });
   * table.iovaToPhys(0x1000_0000); // => 0x8_0020_0000
   * ```
   */
  bind(request: BindRequest): GpuVmStep[] {
    return this.#bind("bind", this.#checker.bind("bind", request));
  }

  /**
   * Address space that must not fault and holds nothing, of any size, in shared tables: it reads from `dummy`, byte `iova % dummy's size` at `iova`, so that a
   * dummy of a large leaf's size is mapped by large leaves. No format here has entries that read zero by themselves: keep zeroes in it.
   * @param prot default READ and WRITE
   * @throws IoPgtableError as `bind`
   *
   * @example
   * ```ts
   * const vm = new GpuVm(table);
   * vm.bindSparse(0x1000_0000, 2 ** 30, { segments: [{ paddr: 0x8_0000_0000, size: 0x20_0000 }] }, Prot.READ);
   * vm.find(0x1234_5678)?.object; // => null
   * ```
   */
  bindSparse(iova: Iova, size: number, dummy: GpuObject, prot?: number): GpuVmStep[] {
    return this.#bind("bindSparse", this.#checker.sparse("bindSparse", iova, size, dummy, prot));
  }

  /**
   * Remove what is mapped in the range; holes are skipped. All or nothing.
   * @throws IoPgtableError EINVAL, ERANGE, ENOMEM, EBUSY
   *
   * @example
   * ```ts
   * const vm = new GpuVm(table);
   * vm.bind({ iova: 0, size: 0x4000, object: { segments: [{ paddr: 0x8000_0000, size: 0x4000 }] }, prot: Prot.READ });
   * vm.unbind(0x1000, 0x1000).map(({ step }) => step); // => ["remap"]
   * ```
   */
  unbind(iova: Iova, size: number): GpuVmStep[] {
    const { start, end } = this.#checker.change("unbind", iova, size);
    return this.#now("unbind", (draft) => draft.unbind(start, end));
  }

  /**
   * Several requests, in order, all or nothing: prepare in the caller's fallible path, commit in its fence path. Until then nothing changes, here or in the
   * table; the ranges of the requests, the mappings that they change (whole) and the objects that they bind are held, and whatever else would change them is
   * EBUSY. Any number of updates may be pending on disjoint ranges, to be committed in any order.
   * @throws IoPgtableError as `bind`; then nothing is held
   *
   * @example
   * ```ts
   * const vm = new GpuVm(table);
   * const object = { segments: [{ paddr: 0x8000_0000, size: 0x4000 }] };
   * const update = vm.prepare([{ request: "bind", iova: 0, size: 0x4000, object, prot: Prot.READ }]);
   * update.tablePages; // => 3
   * update.commit(); // in the fence path: nothing is left that can fail
   * ```
   */
  prepare(requests: readonly GpuVmRequest[]): PreparedGpuVmUpdate {
    const op = "prepare";
    this.#checker.changeable(op);
    if (!Array.isArray(requests)) {
      throw new IoPgtableError("EINVAL", op, `the requests are ${show(requests)}; give an array`);
    }
    const draft = this.#draft(op, (d) => {
      for (const request of requests as readonly GpuVmRequest[]) this.#checker.add(op, d, request);
    });
    return holdDraft(this.#books, draft);
  }

  /**
   * The mapping that holds an address; null where there is none.
   * @throws IoPgtableError EINVAL, ERANGE (beyond 2^64)
   *
   * @example
   * ```ts
   * const vm = new GpuVm(table);
   * vm.find(0x1000); // => null
   * ```
   */
  find(iova: Iova): GpuMapping | null {
    const { page } = stateOf(this.#books.table);
    const plain = typeof iova === "number" && iova >= 0 && iova <= Number.MAX_SAFE_INTEGER && Number.isInteger(iova);
    const at = plain ? iova : pageOf(checkIova(iova, "find", page), page);
    return this.#books.index.at(at)?.view ?? null;
  }

  /**
   * Mappings that touch the range (default: all), ascending. Changes while it runs show in what it has not come to.
   * @throws IoPgtableError EINVAL, ERANGE
   *
   * @example
   * ```ts
   * const vm = new GpuVm(table);
   * vm.bind({ iova: 0, size: 0x1000, object: { segments: [{ paddr: 0x8000_0000, size: 0x1000 }] }, prot: Prot.READ });
   * [...vm.mappings()].length; // => 1
   * ```
   */
  mappings(iova?: Iova, size?: number): IterableIterator<GpuMapping> {
    const state = stateOf(this.#books.table);
    const [first, last] = checkSpan(state, "mappings", iova, size);
    return this.#walk(pageOf(first, state.page), pageOf(last, state.page));
  }

  /**
   * Remove every mapping of one object, and the sparse ones that read from it.
   * @throws IoPgtableError EINVAL, ENOMEM, EBUSY
   *
   * @example
   * ```ts
   * const vm = new GpuVm(table);
   * const object = { segments: [{ paddr: 0x8000_0000, size: 0x1000 }] };
   * for (const iova of [0, 0x8000]) vm.bind({ iova, size: 0x1000, object, prot: Prot.READ });
   * vm.unbindObject(object).length; // => 2
   * ```
   */
  unbindObject(object: GpuObject): GpuVmStep[] {
    const op = "unbindObject";
    this.#checker.changeable(op);
    this.#books.checkUnused(op, checkGpuObject(op, object));
    const mappings = this.#books.objects.mappingsOf(object);
    return this.#now(op, (draft) => {
      for (const { start, end } of mappings) draft.unbind(start, end);
    });
  }

  /**
   * The object is being evicted: its entries go, its mappings stay in the books. Until `revalidate` it has no entries, also where it is bound anew.
   * @throws IoPgtableError EINVAL, ENOMEM, EBUSY
   *
   * @example
   * ```ts
   * const vm = new GpuVm(table);
   * const object = { segments: [{ paddr: 0x8000_0000, size: 0x1000 }] };
   * vm.bind({ iova: 0, size: 0x1000, object, prot: Prot.READ });
   * vm.invalidate(object);
   * table.iovaToPhys(0); // => null
   * vm.find(0)?.invalidated; // => true
   * ```
   */
  invalidate(object: GpuObject): void {
    this.#checker.changeable("invalidate");
    invalidate(this.#books, checkGpuObject("invalidate", object));
  }

  /**
   * It is back, with the segments that it has now: its entries are made again. Of an object that is not evicted nothing changes.
   * @throws IoPgtableError EINVAL (it has become too small), ERANGE, ENOMEM, EBUSY; it is then still evicted
   *
   * @example
   * ```ts
   * const vm = new GpuVm(table);
   * const object = { segments: [{ paddr: 0x8000_0000, size: 0x1000 }] };
   * vm.bind({ iova: 0, size: 0x1000, object, prot: Prot.READ });
   * vm.invalidate(object);
   * object.segments = [{ paddr: 0x9000_0000, size: 0x1000 }];
   * vm.revalidate(object);
   * table.iovaToPhys(0); // => 0x9000_0000
   * ```
   */
  revalidate(object: GpuObject): void {
    this.#checker.changeable("revalidate");
    revalidate(this.#books, checkGpuObject("revalidate", object));
  }

  /**
   * Cut mappings at both ends of a range so that attributes can be given to it (madvise); no entry changes.
   * @throws IoPgtableError EINVAL, ERANGE, EBUSY
   *
   * @example
   * ```ts
   * const vm = new GpuVm(table);
   * vm.bind({ iova: 0, size: 0x4000, object: { segments: [{ paddr: 0x8000_0000, size: 0x4000 }] }, prot: Prot.READ });
   * vm.split(0x1000, 0x1000);
   * [...vm.mappings()].map(({ size }) => size); // => [0x1000, 0x1000, 0x2000]
   * ```
   */
  split(iova: Iova, size: number): GpuVmStep[] {
    const { start, end } = this.#checker.change("split", iova, size);
    return this.#now("split", (draft) => draft.split(start, end));
  }

  /** Where nothing is in the way it is one call of the table's. */
  #bind(operation: string, mapping: Mapping): GpuVmStep[] {
    const books = this.#books;
    const { start, end, list, offset, backing, view } = mapping;
    const plain = list !== undefined && !isRepeated(backing) && books.splits.isEmpty;
    if (!plain || books.index.overlaps(start, end)) return this.#now(operation, (draft) => draft.bind(mapping));
    books.checkFree(operation, start, end);
    const late = changeByOne(books.table, writeExtents(start, end - start, list, offset, backing.prot));
    books.index.insert(mapping);
    books.objects.add(mapping);
    endChange(books, [], late);
    return [{ step: "map", mapping: view }];
  }

  /** A change that is made at once. */
  #now(operation: string, fill: (draft: Draft) => void): GpuVmStep[] {
    const draft = this.#draft(operation, fill);
    applyChange(this.#books, {
      ops: draft.changes(),
      joins: draft.joins(),
      publish: () => draft.publish(),
      undo: () => draft.undo(),
    });
    return draft.steps;
  }

  #draft(operation: string, fill: (draft: Draft) => void): Draft {
    const draft = new Draft(this.#books, operation);
    try {
      fill(draft);
    } catch (error) {
      draft.undo();
      throw error;
    }
    return draft;
  }

  /** By address, not by place, so that changes meanwhile do no harm. */
  *#walk(first: number, last: number): Generator<GpuMapping> {
    const cursor = new Cursor<Mapping>();
    for (let at = first; ; ) {
      this.#books.index.seek(cursor, at);
      const mapping = cursor.range;
      if (mapping === undefined || mapping.start > last) return;
      yield mapping.view;
      at = mapping.end;
    }
  }
}

/** The page that holds an address, as a number that is exact. */
function pageOf(address: bigint, page: number): number {
  return Number(address - (address % BigInt(page)));
}
