import type { Differences } from "./differences.js";
import type { Domain, Domains } from "./domains.js";
import type { FlushCall } from "./flushRecorder.js";
import { flushText, hex } from "./hexText.js";
import { checkGatherAtEntry, checkMap, checkUnmap, sameRange as sameExtent } from "./kernelAnswers.js";
import { type LoggedOperation, Op, type Range } from "./operationLog.js";
import type { TraceRecord } from "./record.js";
import type { Usage } from "./usage.js";

function sameRange(a: Range | null, b: Range | null): boolean {
  return sameExtent(a, b) && a?.pageSize === b?.pageSize;
}

/** Executes the calls of the SMMU's driver through `mapPages` and `unmapPages`, and compares every answer and every flush with the kernel's. */
export class CallReplay {
  readonly #domains: Domains;
  readonly #record: TraceRecord;
  readonly #differences: Differences;
  readonly #usage: Usage;
  /** Invalidations that stand before the return of the call which made them: those of unlinked tables. */
  #walks: FlushCall[] = [];
  #gathering: Domain | null = null;
  /** What our sync asked for and the kernel's gather held, until the next call that is not the sync's own invalidation. */
  #synced: { call: FlushCall | undefined; range: Range } | null = null;
  /** Gathers that the record left unsynced: the kernel flushed them with everything else. */
  unrecordedSyncs = 0;

  constructor(domains: Domains, record: TraceRecord, differences: Differences, usage: Usage) {
    this.#domains = domains;
    this.#record = record;
    this.#differences = differences;
    this.#usage = usage;
  }

  step(index: number, operation: LoggedOperation): void {
    switch (operation.kind) {
      case Op.MAP:
        this.#map(index, operation);
        break;
      case Op.UNMAP:
        this.#unmap(index, operation);
        break;
      case Op.SYNC:
        this.#sync(operation);
        break;
      case Op.INVALIDATE:
        this.#invalidated(index, operation);
        break;
    }
  }

  finish(): void {
    for (const domain of this.#domains.all()) this.#syncUnrecorded(domain);
    const left = this.#walks;
    this.#differences.check("flush", left.length === 0, this.#record.lines, () => ({
      what: "invalidations that no call of the record made",
      expected: flushText(left),
      got: "no flush",
    }));
  }

  #map(index: number, operation: LoggedOperation): void {
    const { line, iova, paddr, pageSize, count, prot } = operation;
    const domain = this.#domains.get(operation.domain);
    const result = domain.table.mapPages(iova, paddr, pageSize, count, prot);
    const { mapped } = result;
    checkMap(operation, result, this.#differences);
    this.#compareFlushes(line, `map ${hex(iova)}`, domain.flush.take(), this.#takeWalks());
    domain.mappedBytes += mapped;
    this.#usage.addMapped(index, mapped);
    this.#usage.addLeaves(pageSize, mapped / pageSize);
  }

  #unmap(index: number, operation: LoggedOperation): void {
    const { line, iova, pageSize, count } = operation;
    const domain = this.#domains.get(operation.domain);
    this.#gatherAtEntry(domain, line, this.#record.log.gathers.get(index) ?? null);
    const unmapped = domain.table.unmapPages(iova, pageSize, count, domain.gather);
    checkUnmap(operation, unmapped, this.#differences);
    this.#compareFlushes(line, `unmap ${hex(iova)} into a gather`, domain.flush.take(), []);
    domain.unlinked += this.#takeWalks().length;
    domain.addToGather(iova, unmapped, pageSize);
    domain.mappedBytes -= unmapped;
    this.#usage.addUnmapped(unmapped);
    this.#gathering = domain;
    this.#synced = null;
  }

  /** The kernel syncs by itself where the leaf size changes: then the entry still shows what was synced just before. */
  #gatherAtEntry(domain: Domain, line: number, kernels: Range | null): void {
    if (kernels === null) {
      this.#syncUnrecorded(domain);
      return;
    }
    const ours = domain.gathered ?? this.#synced?.range ?? null;
    checkGatherAtEntry(line, ours, kernels, sameRange, this.#differences);
  }

  #sync(operation: LoggedOperation): void {
    const { line, iova, bytes, pageSize } = operation;
    const domain = this.#gathering ?? this.#domains.first();
    domain.gather.sync();
    const asked = domain.flush.take();
    // Where the kernel flushed unlinked tables one by one, our gather has kept them: one flushWalk covers all it holds.
    const granule = domain.unlinked > 0 ? Math.min(...domain.table.pageSizes) : pageSize;
    const expected: FlushCall = { call: domain.unlinked > 0 ? "flushWalk" : "flushRange", iova, bytes, granule };
    this.#compare("gather", line, "what the sync of a gather flushes", asked, [expected]);
    this.#synced = { call: asked[0], range: { iova, bytes, pageSize } };
    domain.emptyGather();
  }

  #invalidated(index: number, operation: LoggedOperation): void {
    const { line, iova, bytes, pageSize } = operation;
    if (this.#record.log.columns.kind[index - 1] !== Op.SYNC) {
      this.#walks.push({ call: "flushWalk", iova, bytes, granule: pageSize });
      return;
    }
    const call = this.#synced?.call;
    const asked = call ? [call] : [];
    const granule = call?.call === "flushWalk" ? call.granule : pageSize;
    this.#compareFlushes(line, "what the kernel invalidated for its sync", asked, [
      { call: call?.call ?? "flushRange", iova, bytes, granule },
    ]);
  }

  #syncUnrecorded(domain: Domain): void {
    if (domain.gathered === null) return;
    domain.gather.sync();
    domain.flush.take();
    domain.emptyGather();
    this.unrecordedSyncs++;
  }

  #takeWalks(): FlushCall[] {
    const walks = this.#walks;
    if (walks.length > 0) this.#walks = [];
    return walks;
  }

  #compareFlushes(line: number, what: string, asked: readonly FlushCall[], expected: readonly FlushCall[]): void {
    if (this.#record.machine === "arm") this.#compare("flush", line, what, asked, expected);
  }

  #compare(
    check: "flush" | "gather",
    line: number,
    what: string,
    asked: readonly FlushCall[],
    expected: readonly FlushCall[],
  ): void {
    const same = asked.length === expected.length && asked.every((call, at) => sameFlush(call, expected[at]));
    this.#differences.check(check, same, line, () => ({ what, expected: flushText(expected), got: flushText(asked) }));
  }
}

function sameFlush(a: FlushCall, b: FlushCall | undefined): boolean {
  return a.call === b?.call && a.iova === b.iova && a.bytes === b.bytes && a.granule === b.granule;
}
