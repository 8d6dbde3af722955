// A random life of an address space: after each step the steps told, the page model and the page table have to agree.
import { expect } from "vitest";
import {
  Access,
  type Format,
  GpuVm,
  type GpuVmRequest,
  type GpuVmStep,
  IoPageTable,
  type PreparedGpuVmUpdate,
  Prot,
  TableMemory,
} from "../../bindings/index.js";
import { outcomeOf } from "../bindings/support/failure.js";
import { type FlushJournal, flushJournal } from "../bindings/support/flushJournal.js";
import type { Random } from "../programs/random.js";
import { checkBindSteps, checkUnbindSteps, DriverBooks } from "./driver.js";
import { PageModel, type Shown, sizeOf } from "./pageModel.js";
import { type Buffer, randomBacking } from "./randomObjects.js";

const PROTS = [Prot.READ, Prot.READ | Prot.WRITE, Prot.READ | Prot.WRITE | Prot.NOEXEC];

interface Pending {
  readonly update: PreparedGpuVmUpdate;
  readonly requests: readonly GpuVmRequest[];
  readonly held: readonly boolean[];
}

export interface Setting {
  readonly format: Format;
  /** Pages of the address space. */
  readonly pages: number;
  readonly base?: number;
}

function showsAs(a: Shown, b: Shown): boolean {
  const isOneObject = a.object === b.object && a.memory === b.memory;
  return isOneObject && a.at === b.at && a.period === b.period && a.base === b.base;
}

export class GpuVmSession {
  readonly memory = TableMemory.create({ bytes: 2 ** 26 });
  readonly table: IoPageTable;
  readonly vm: GpuVm;
  readonly log: string[] = [];
  readonly #journal: FlushJournal = flushJournal();
  readonly #books = new DriverBooks();
  readonly #model: PageModel;
  readonly #objects: Buffer[] = [];
  readonly #random: Random;
  readonly #page: number;
  readonly #count: number;
  readonly #iovas: Float64Array;
  #pending: Pending[] = [];
  /** The protection that the table says for each that was asked. */
  readonly #writes = new Map<number, boolean>();

  constructor({ format, pages }: Setting, random: Random) {
    this.table = new IoPageTable(this.memory, { format, flush: this.#journal.flush });
    this.vm = new GpuVm(this.table);
    this.#page = this.table.pageSizes[0] ?? 4096;
    this.#count = pages;
    this.#random = random;
    this.#model = new PageModel(pages, this.#page);
    this.#iovas = Float64Array.from({ length: pages }, (_, i) => i * this.#page);
    for (const prot of PROTS) this.#writes.set(prot, (prot & Prot.WRITE) !== 0);
    for (let i = 0; i < 6; i++) this.#objects.push({ segments: this.#backing(this.#random(2) === 0 ? pages : 16) });
  }

  step(): void {
    const what = this.#random(16);
    if (what < 7) this.#direct(this.#request());
    else if (what < 9) this.#prepare();
    else if (what < 12) this.#decide();
    else if (what === 12) this.#evictOrReturn();
    else if (what === 13) this.#split();
    else if (what === 14) this.#unbindObject();
    else this.#refused();
    this.check();
  }

  /** Everything goes, and nothing is left. */
  finish(): void {
    for (const { update } of this.#pending) update.abort();
    this.#pending = [];
    this.#direct({ request: "unbind", iova: 0, size: this.#count * this.#page });
    this.check();
    expect(this.table.stats()).toMatchObject({ mappedBytes: 0, tablePages: 1 });
    this.table.destroy();
    expect(this.memory.stats().tablePagesInUse).toBe(0);
  }

  check(): void {
    const mappings = [...this.vm.mappings()];
    this.#books.check(mappings);
    let at = 0;
    for (const mapping of mappings) {
      const first = Number(mapping.iova) / this.#page;
      for (; at < first; at++) if (this.#model.pages[at] !== undefined) this.#differs(at, "no mapping");
      for (; at < first + mapping.size / this.#page; at++) {
        const shown = this.#model.pages[at];
        const { object, prot, invalidated } = mapping;
        if (shown === undefined || shown.object !== object || shown.prot !== prot) this.#differs(at, "another mapping");
        else if (this.#model.evicted.has(shown.memory) !== invalidated) this.#differs(at, "invalidated or not");
        else if (object !== null && this.#offset(mapping, at) !== shown.at) this.#differs(at, "another offset");
      }
    }
    for (; at < this.#count; at++) if (this.#model.pages[at] !== undefined) this.#differs(at, "no mapping");
    this.#checkTable();
  }

  #offset(mapping: { iova: bigint; offset: number; period?: number; phase?: number }, index: number): number {
    const inside = index * this.#page - Number(mapping.iova);
    const { offset, period, phase = 0 } = mapping;
    return period === undefined ? offset + inside : offset + ((phase + inside) % period);
  }

  #checkTable(): void {
    const out = new Float64Array(this.#count);
    this.table.translate(this.#iovas, out);
    for (let i = 0; i < this.#count; i++) {
      const paddr = this.#model.paddr(i);
      if (out[i] !== paddr) this.#differs(i, `the table has ${out[i]}, the model ${paddr}`);
      if (paddr < 0) continue;
      const writes = this.table.access(i * this.#page, Access.WRITE) >= 0;
      if (writes !== this.#writes.get(this.#model.pages[i]?.prot ?? 0)) this.#differs(i, `writes ${writes}`);
    }
  }

  #differs(index: number, how: string): never {
    throw new Error(`page ${index}: ${how}`);
  }

  #backing(pages: number): Buffer["segments"] {
    return randomBacking(this.#random, pages, this.#page, 4);
  }

  #range(): { first: number; pages: number } {
    const first = this.#random(this.#count);
    const most = this.#count - first;
    const shape = this.#random(4);
    if (shape === 0) return { first, pages: 1 };
    if (shape === 1) return { first, pages: Math.min(most, 1 + this.#random(8)) };
    return { first, pages: 1 + this.#random(most) };
  }

  #object(): Buffer {
    return this.#objects[this.#random(this.#objects.length)] as Buffer;
  }

  #request(): GpuVmRequest {
    const page = this.#page;
    const { first, pages } = this.#range();
    const [iova, size] = [first * page, pages * page];
    const what = this.#random(9);
    if (what === 8) return this.#again(iova, size);
    const object = this.#object();
    const has = sizeOf(object.segments) / page;
    if (what === 0) return { request: "unbind", iova, size };
    if (what === 1) return { request: "bindSparse", iova, size, dummy: object };
    const prot = PROTS[this.#random(PROTS.length)] as number;
    if (what === 2) {
      const period = 1 + this.#random(has);
      const offset = this.#random(has - period + 1);
      return { request: "bind", iova, size, object, prot, offset: offset * page, period: period * page };
    }
    // Often at the offset that the page would have if the object lay at 0, so that neighbours continue each other.
    const offset = this.#random(2) === 0 ? first % has : this.#random(has);
    return {
      request: "bind",
      iova,
      size: Math.min(pages, has - offset) * page,
      object,
      offset: offset * page,
      prot,
    };
  }

  /** What is mapped at an address once more, further perhaps, or with another protection. */
  #again(iova: number, size: number): GpuVmRequest {
    const found = this.vm.find(iova);
    if (found === null || found.object === null) return { request: "unbind", iova, size };
    const { object, offset, period } = found;
    const prot = this.#random(2) === 0 ? found.prot : (PROTS[this.#random(PROTS.length)] as number);
    if (period !== undefined)
      return { request: "bind", iova: Number(found.iova), size: found.size, object, offset, period, prot };
    const at = offset + iova - Number(found.iova);
    return { request: "bind", iova, size: Math.min(size, sizeOf(object.segments) - at), object, offset: at, prot };
  }

  /** Which pages a request touches, with the mappings that it changes whole. */
  #touches(request: GpuVmRequest): boolean[] {
    const page = this.#page;
    const held = Array.from({ length: this.#count }, () => false);
    const mark = (start: number, size: number) => held.fill(true, start / page, (start + size) / page);
    mark(Number(request.iova), request.size);
    for (const { iova, size } of this.vm.mappings(request.iova, request.size)) mark(Number(iova), size);
    return held;
  }

  #isHeld(touched: readonly boolean[]): boolean {
    return this.#pending.some(({ held }) => held.some((is, i) => is && touched[i]));
  }

  #call(request: GpuVmRequest): GpuVmStep[] {
    if (request.request === "bind") return this.vm.bind(request);
    if (request.request === "unbind") return this.vm.unbind(request.iova, request.size);
    return this.vm.bindSparse(request.iova, request.size, request.dummy);
  }

  #direct(request: GpuVmRequest): void {
    this.#say(request.request, request);
    const held = this.#isHeld(this.#touches(request));
    const before = [...this.#model.pages];
    this.#journal.take();
    const outcome = outcomeOf(() => this.#call(request));
    if (held) {
      expect(outcome).toEqual({ code: "EBUSY" });
      return;
    }
    if (!("value" in outcome)) throw new Error(`refused with ${outcome.code}`);
    this.#model.apply(request);
    this.#checkSteps(request, outcome.value, before);
    this.#books.apply(outcome.value);
    if (this.table.pageSizes.length === 1) this.#checkFlushes(before);
  }

  #checkSteps(request: GpuVmRequest, steps: readonly GpuVmStep[], before: readonly (Shown | undefined)[]): void {
    if (request.request === "unbind") checkUnbindSteps(steps);
    else checkBindSteps(steps);
    for (const step of steps) {
      if (step.step !== "unmap") continue;
      const first = Number(step.mapping.iova) / this.#page;
      let kept = true;
      for (let i = 0; i < step.mapping.size / this.#page; i++) kept &&= this.#same(before[first + i], first + i);
      // A page that shows the same by chance is no part of the same range: kept is a promise one way only.
      if (step.kept) expect(kept).toBe(true);
    }
  }

  #same(was: Shown | undefined, index: number): boolean {
    const is = this.#model.pages[index];
    return was === is || (was !== undefined && is !== undefined && showsAs(was, is) && was.prot === is.prot);
  }

  /** With one leaf size nothing but what changed is flushed. */
  #checkFlushes(before: readonly (Shown | undefined)[]): void {
    for (const event of this.#journal.take()) {
      if (event.kind !== "range") continue;
      const first = Number(event.iova) / this.#page;
      for (let i = 0; i < Number(event.size) / this.#page; i++) {
        if (this.#same(before[first + i], first + i)) this.#differs(first + i, "flushed, and nothing changed");
      }
    }
  }

  #prepare(): void {
    const requests = Array.from({ length: 1 + this.#random(4) }, () => this.#request());
    this.#say("prepare", requests);
    const dump = this.table.dump();
    const outcome = outcomeOf(() => this.vm.prepare(requests));
    expect(this.table.dump()).toBe(dump);
    if (!("value" in outcome)) {
      expect(outcome.code).toBe("EBUSY");
      expect(this.#pending.length).toBeGreaterThan(0);
      return;
    }
    const held = Array.from({ length: this.#count }, () => false);
    for (const request of requests) {
      this.#touches(request).forEach((is, i) => {
        if (is) held[i] = true;
      });
    }
    this.#pending.push({ update: outcome.value, requests, held });
  }

  #decide(): void {
    const [pending] = this.#pending.splice(this.#random(Math.max(this.#pending.length, 1)), 1);
    if (pending === undefined) return;
    const commits = this.#random(4) !== 0;
    this.#say(commits ? "commit" : "abort", pending.requests);
    if (!commits) {
      const leaves = this.#leaves();
      pending.update.abort();
      // A table that was kept for the update, and is empty by now, goes.
      expect(this.#leaves()).toEqual(leaves);
      return;
    }
    pending.update.commit();
    for (const request of pending.requests) this.#model.apply(request);
    this.#books.apply(pending.update.steps);
  }

  #leaves(): string[] {
    return [...this.table.dumpLines()].filter((line) => line.startsWith("P"));
  }

  #objectIsHeld(object: Buffer): boolean {
    const uses = (request: GpuVmRequest) =>
      (request.request === "bind" && request.object === object) ||
      (request.request === "bindSparse" && request.dummy === object);
    if (this.#pending.some(({ requests }) => requests.some(uses))) return true;
    return this.#isHeld(this.#model.pages.map((shown) => shown?.memory === object));
  }

  #evictOrReturn(): void {
    const object = this.#object();
    const evicted = this.#model.evicted.has(object);
    const held = this.#objectIsHeld(object);
    this.#say(evicted ? "revalidate" : "invalidate", { object: this.#objects.indexOf(object), held });
    if (evicted && !held) object.segments = this.#backing(sizeOf(object.segments) / this.#page);
    const outcome = outcomeOf(() => (evicted ? this.vm.revalidate(object) : this.vm.invalidate(object)));
    if ("code" in outcome) {
      expect(outcome.code).toBe("EBUSY");
      expect(held).toBe(true);
    } else if (evicted) this.#model.evicted.delete(object);
    else this.#model.evicted.add(object);
  }

  #split(): void {
    const { first, pages } = this.#range();
    const request: GpuVmRequest = { request: "unbind", iova: first * this.#page, size: pages * this.#page };
    this.#say("split", request);
    const held = this.#isHeld(this.#touches(request));
    const dump = this.table.dump();
    const outcome = outcomeOf(() => this.vm.split(request.iova, request.size));
    expect(this.table.dump()).toBe(dump);
    if ("value" in outcome) {
      expect(outcome.value.filter(({ step }) => step === "remap").length).toBeLessThanOrEqual(2);
      this.#books.apply(outcome.value);
    } else {
      expect(outcome.code).toBe("EBUSY");
      expect(held).toBe(true);
    }
  }

  #unbindObject(): void {
    const object = this.#object();
    this.#say("unbindObject", { object: this.#objects.indexOf(object) });
    const held = this.#objectIsHeld(object);
    const outcome = outcomeOf(() => this.vm.unbindObject(object));
    if ("value" in outcome) {
      this.#books.apply(outcome.value);
      this.#model.unbindObject(object);
      expect(outcome.value.every(({ step }) => step === "unmap")).toBe(true);
    } else {
      expect(outcome.code).toBe("EBUSY");
      expect(held).toBe(true);
    }
  }

  /** A request list whose last is impossible leaves no trace. */
  #refused(): void {
    const object = this.#object();
    if (this.#model.evicted.has(object)) return;
    const offset = sizeOf(object.segments);
    const bad: GpuVmRequest = { request: "bind", iova: 0, size: this.#page, object, offset, prot: Prot.READ };
    const requests = [this.#request(), this.#request(), bad];
    this.#say("refused", requests);
    const outcome = outcomeOf(() => this.vm.prepare(requests));
    expect(["EINVAL", "EBUSY"]).toContain("code" in outcome ? outcome.code : "done");
  }

  #say(what: string, detail: unknown): void {
    const text = JSON.stringify(detail, (key, value) => {
      return key === "object" || key === "dummy" ? this.#objects.indexOf(value) : value;
    });
    this.log.push(`${what} ${text}`);
  }
}
