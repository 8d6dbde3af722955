import { type IoPageTable, IoPgtableError } from "../../index.js";
import { AddressRanges } from "./addressRanges.js";
import type { Differences } from "./differences.js";
import type { Domain, Domains } from "./domains.js";
import { hex } from "./hexText.js";
import { type LoggedOperation, Op } from "./operationLog.js";
import type { TraceRecord } from "./record.js";
import type { Usage } from "./usage.js";

/** More domains than this that map one address at once are a defect of the record, or of ours. */
const MOST_DOMAINS = 16;

/** Removes what the kernel removed of `size` bytes, which was the first `removed`. */
export function unmapRequest(table: IoPageTable, iova: number, size: number, removed: number): number {
  const bytes = Math.min(size, removed);
  return bytes === 0 ? 0 : table.unmap(iova, bytes);
}

/** Executes whole requests through `map` and `unmap`, and compares the sizes that the record reports. */
export class RequestReplay {
  readonly #domains: Domains;
  readonly #record: TraceRecord;
  readonly #differences: Differences;
  readonly #usage: Usage;
  readonly #everMapped = new AddressRanges();
  /** Maps over a live mapping: ftrace names no domain, so they are another's. */
  otherDomainMaps = 0;
  /** Unmaps of what was mapped before the trace began. */
  unmapsFromBefore = 0;

  constructor(domains: Domains, record: TraceRecord, differences: Differences, usage: Usage) {
    this.#domains = domains;
    this.#record = record;
    this.#differences = differences;
    this.#usage = usage;
  }

  step(index: number, operation: LoggedOperation): void {
    if (operation.kind === Op.MAP) this.#map(index, operation);
    else if (operation.kind === Op.UNMAP) this.#unmap(index, operation);
  }

  finish(): void {}

  #map(index: number, operation: LoggedOperation): void {
    // What the kernel really mapped: its call may have failed on the way, or have stopped where a table ends.
    const { line, iova, paddr, bytes } = operation;
    if (bytes === 0) return;
    const outcome = this.#mapSomewhere(index, operation, bytes);
    this.#differences.check("map", outcome === "mapped", line, () => ({
      what: `map ${hex(iova)} to ${hex(paddr)}, ${hex(bytes)} bytes`,
      expected: `${hex(bytes)} mapped`,
      got: outcome,
    }));
    if (outcome !== "mapped") return;
    this.#usage.addMapped(index, bytes);
    this.#usage.addLargestLeaves(iova, paddr, bytes, this.#domains.get(operation.domain).table.pageSizes);
    if (this.#isFtrace) this.#everMapped.add(iova, bytes);
  }

  get #isFtrace(): boolean {
    return this.#record.source === "ftrace";
  }

  #mapSomewhere(index: number, operation: LoggedOperation, size: number): string {
    for (let number = operation.domain; ; number++) {
      const domain = this.#domains.get(number);
      try {
        domain.table.map(operation.iova, operation.paddr, size, operation.prot);
      } catch (error) {
        if (!(error instanceof IoPgtableError)) throw error;
        if (error.code === "EEXIST" && this.#isFtrace && number < MOST_DOMAINS) continue;
        return error.message;
      }
      domain.mappedBytes += size;
      if (number !== operation.domain) this.otherDomainMaps++;
      this.#record.log.columns.domain[index] = number;
      return "mapped";
    }
  }

  #unmap(index: number, operation: LoggedOperation): void {
    const { line, iova, pageSize, count, bytes } = operation;
    const size = pageSize * count;
    const domain = this.#isFtrace ? this.#domainThatHolds(iova, bytes) : this.#domains.get(operation.domain);
    this.#record.log.columns.domain[index] = domain.number;
    const unmapped = unmapRequest(domain.table, iova, size, bytes);
    const fromBefore = unmapped < bytes && this.#isFtrace ? this.#everMapped.missing(iova, bytes) : 0;
    if (fromBefore > 0) this.unmapsFromBefore++;
    // The kernel stops at the first hole: where it removed less than was asked for, a hole must follow.
    const stoppedAtHole = bytes >= size || domain.table.iovaToPhys(iova + bytes) === null;
    this.#differences.check("unmap", unmapped + fromBefore === bytes && stoppedAtHole, line, () => ({
      what: `unmap ${hex(iova)}, ${hex(size)} bytes`,
      expected: `${hex(bytes)} unmapped`,
      got: stoppedAtHole ? `${hex(unmapped)} unmapped` : `more is mapped at ${hex(iova + bytes)}`,
    }));
    domain.mappedBytes -= unmapped;
    this.#usage.addUnmapped(unmapped);
  }

  #domainThatHolds(iova: number, bytes: number): Domain {
    const domains = this.#domains.all();
    const first = this.#domains.first();
    if (domains.length < 2 || bytes === 0) return first;
    const holds = (domain: Domain, address: number): boolean => domain.table.iovaToPhys(address) !== null;
    const start = domains.filter((domain) => holds(domain, iova));
    return start.find((domain) => holds(domain, iova + bytes - 1)) ?? start[0] ?? first;
  }
}
