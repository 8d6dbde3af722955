// Flush operations: how the hardware's cached translations are dropped. Mandatory; there is no default.
import { IoPgtableError } from "./errors.js";
import { show } from "./numbers.js";

/**
 * How the hardware's cached translations are dropped. A table that hardware walks is never correct without it. Each is synchronous: when it returns,
 * hardware no longer uses what it names. Here `iova` is a number: page-aligned, hence exact up to 2^64. None may call into the table, its memory or its
 * gathers (EBUSY). One that throws finds the table as after the operation; the pages to free wait until a later flush has returned.
 */
export interface FlushOps {
  /** Everything this table ever translated. */
  flushAll(): void;
  /** A table page below [iova, iova+size) was unlinked: leaves and partial walks. The page is freed after this returns. */
  flushWalk(iova: number, size: number, granule: number): void;
  /**
   * Leaves of `granule` bytes in [iova, iova+size) were removed or changed. One call per run of equal leaves; from a merged gather one call per covering
   * range, with the smallest leaf size as granule (flushWalk instead when it frees table pages).
   */
  flushRange(iova: number, size: number, granule: number): void;
  /** Optional: something was mapped where nothing was. For walkers that cache absence (VT-d caching mode, shadowing hypervisors). */
  mapped?(iova: number, size: number): void;
}

const owners = new WeakMap<FlushOps, string>();

/**
 * The one way not to give FlushOps: say who flushes, and why that is right. Unlinked table pages are then kept in quarantine until
 * `table.acknowledgeFlush()`, also those of a destroyed table.
 * @param reason such as "GPU firmware invalidates the bound range after each job"
 * @throws IoPgtableError EINVAL without a reason
 *
 * @example
 * ```ts
 * const byFirmware = flushedByOwner("GPU firmware invalidates the bound range after each job");
 * const shader = new IoPageTable(memory, { format: armLpaeS1({ ias: 48, oas: 48 }), flush: byFirmware });
 * shader.map(0, 0x8000_0000, 0x1000, Prot.READ);
 * shader.unmap(0, 0x1000);
 * shader.acknowledgeFlush(); // the firmware has flushed since
 * ```
 */
export function flushedByOwner(reason: string): FlushOps {
  if (typeof reason !== "string" || reason.trim() === "") {
    throw new IoPgtableError(
      "EINVAL",
      "flushedByOwner",
      `the reason is ${show(reason)}; say who flushes and why that is right`,
    );
  }
  const nothing = (): void => undefined;
  const ops: FlushOps = Object.freeze({ flushAll: nothing, flushWalk: nothing, flushRange: nothing });
  owners.set(ops, reason);
  return ops;
}

/** Whether the owner flushes. */
export function isFlushedByOwner(flush: FlushOps): boolean {
  return owners.has(flush);
}

/** @throws IoPgtableError EINVAL for anything that is not a whole set of flush operations */
export function checkFlushOps(flush: unknown, operation: string): FlushOps {
  const members = ["flushAll", "flushWalk", "flushRange"] as const;
  const ops = flush as Partial<Record<string, unknown>> | null | undefined;
  const missing =
    typeof ops !== "object" || ops === null ? members : members.filter((m) => typeof ops[m] !== "function");
  if (missing.length !== 0) {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      `flush lacks ${missing.join(", ")}; a table that hardware walks needs all of them (or flushedByOwner, with who flushes and why)`,
    );
  }
  const mapped = (flush as FlushOps).mapped as unknown;
  if (mapped !== undefined && typeof mapped !== "function") {
    throw new IoPgtableError("EINVAL", operation, `flush.mapped is ${show(mapped)}; give a function or leave it out`);
  }
  return flush as FlushOps;
}
