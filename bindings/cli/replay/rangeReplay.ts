import type { Differences } from "./differences.js";
import type { Domain, Domains } from "./domains.js";
import type { FlushCall } from "./flushRecorder.js";
import { flushText, hex, rangeText } from "./hexText.js";
import { checkGatherAtEntry, checkMap, checkUnmap, sameRange } from "./kernelAnswers.js";
import { type LoggedOperation, Op, type Range } from "./operationLog.js";
import type { TraceRecord } from "./record.js";
import type { Usage } from "./usage.js";

const PAGE = 4096;

/**
 * Executes the calls of the VT-d and AMD drivers through `mapRange` and `unmapRange`, and compares every answer with the kernel's and what each
 * sync of a gather covers; on VT-d also the invalidations, whose hint tells whether tables were unlinked.
 */
export class RangeReplay {
  readonly #domains: Domains;
  readonly #record: TraceRecord;
  readonly #differences: Differences;
  readonly #usage: Usage;
  readonly #isIntel: boolean;
  /** Invalidations before the return of the map that made them: those of the tables it unlinked. */
  #walks: Range[] = [];
  #gathering: Domain | null = null;
  /** What the last sync asked for, and what the kernel's gather held. */
  #synced: { asked: readonly FlushCall[]; range: Range } | null = null;

  constructor(domains: Domains, record: TraceRecord, differences: Differences, usage: Usage) {
    this.#domains = domains;
    this.#record = record;
    this.#differences = differences;
    this.#usage = usage;
    this.#isIntel = record.machine === "intel";
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
        if (this.#record.log.columns.kind[index - 1] === Op.SYNC) this.#invalidatedForSync(operation);
        else if (this.#isIntel) this.#walks.push(wholePages(operation));
        break;
    }
  }

  finish(): void {
    for (const domain of this.#domains.all()) this.#syncUnrecorded(domain);
  }

  #map(index: number, operation: LoggedOperation): void {
    const { line, iova, paddr, pageSize, count, prot } = operation;
    const domain = this.#domains.get(operation.domain);
    const result = domain.table.mapRange(iova, paddr, pageSize * count, prot);
    checkMap(operation, result, this.#differences);
    this.#compareWalks(line, `map ${hex(iova)}`, domain.flush.take());
    domain.mappedBytes += result.mapped;
    this.#usage.addMapped(index, result.mapped);
    this.#usage.addLargestLeaves(iova, paddr, result.mapped, domain.table.pageSizes);
  }

  #unmap(index: number, operation: LoggedOperation): void {
    const { line, iova, pageSize, count } = operation;
    const domain = this.#domains.get(operation.domain);
    if (this.#isIntel) this.#gatherAtEntry(domain, line, this.#record.log.gathers.get(index) ?? null);
    const unmapped = domain.table.unmapRange(iova, pageSize * count, domain.gather);
    checkUnmap(operation, unmapped, this.#differences);
    this.#compareWalks(line, `unmap ${hex(iova)} into a gather`, domain.flush.take());
    domain.addToGather(iova, unmapped, pageSize);
    domain.mappedBytes -= unmapped;
    this.#usage.addUnmapped(unmapped);
    this.#gathering = domain;
    this.#synced = null;
  }

  /** The kernel syncs by itself where the size changes: then the entry still shows what was synced just before. */
  #gatherAtEntry(domain: Domain, line: number, kernels: Range | null): void {
    if (kernels === null) {
      this.#syncUnrecorded(domain);
      return;
    }
    const ours = domain.gathered ?? this.#synced?.range ?? null;
    checkGatherAtEntry(line, ours, kernels, sameRange, this.#differences);
  }

  /** These drivers gather no leaf size: only what is covered can be compared. */
  #sync({ line, iova, bytes, pageSize }: LoggedOperation): void {
    const domain = this.#gathering ?? this.#domains.first();
    domain.gather.sync();
    const asked = domain.flush.take();
    const range = { iova, bytes, pageSize };
    this.#differences.check("gather", asked.length === 1 && sameFlush(asked[0], range), line, () => ({
      what: "what the sync of a gather flushes",
      expected: rangeText(range),
      got: flushText(asked),
    }));
    this.#synced = { asked, range };
    domain.emptyGather();
  }

  #invalidatedForSync({ line, iova, bytes, count }: LoggedOperation): void {
    const asked = this.#synced?.asked ?? [];
    const range = { iova, bytes, pageSize: 0 };
    const leavesOnly = count === 1;
    const call = !this.#isIntel ? asked[0]?.call : leavesOnly ? "flushRange" : "flushWalk";
    const same = sameFlush(asked[0], range) && asked[0]?.call === call;
    this.#differences.check("flush", same, line, () => ({
      what: "what the kernel invalidated for its sync",
      expected: `${call ?? "a flush"} ${hex(iova)} + ${hex(bytes)}`,
      got: flushText(asked),
    }));
  }

  /** A flush outside a gather is one for tables that gave way to a larger leaf. AMD's driver flushes at each map whatever it found. */
  #compareWalks(line: number, what: string, asked: readonly FlushCall[]): void {
    if (!this.#isIntel) return;
    const expected = this.#walks;
    this.#walks = [];
    const same =
      asked.length === expected.length &&
      asked.every((flush, at) => flush.call === "flushWalk" && sameFlush(flush, expected[at] ?? null));
    this.#differences.check("flush", same, line, () => ({
      what,
      expected:
        expected.length === 0 ? "no flush" : expected.map((range) => `flushWalk ${rangeText(range)}`).join(", "),
      got: flushText(asked),
    }));
  }

  #syncUnrecorded(domain: Domain): void {
    if (domain.gathered === null) return;
    domain.gather.sync();
    domain.flush.take();
    domain.emptyGather();
  }
}

/** The driver names the last page of an unlinked table by its first byte. */
function wholePages({ iova, bytes }: LoggedOperation): Range {
  return { iova, bytes: Math.ceil(bytes / PAGE) * PAGE, pageSize: PAGE };
}

function sameFlush(flush: FlushCall | undefined, range: Range | null): boolean {
  return flush !== undefined && flush.iova === range?.iova && flush.bytes === range.bytes;
}
