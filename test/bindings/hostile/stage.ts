// A table of the corpus on its machine: pages of a caller's allocator, watched by a device.
import { expect } from "vitest";
import { type ErrorCode, flushedByOwner, IoPageTable, IoPgtableError } from "../../../bindings/index.js";
import { guestMemory } from "../support/guestMemory.js";
import { PageAllocator } from "../support/pageAllocator.js";
import { Device } from "./device.js";
import { MACHINES, type Machine, type MachineName } from "./machines.js";

export class Stage {
  readonly machine: Machine;
  readonly guest;
  readonly pages: PageAllocator;
  readonly device: Device;
  readonly table: IoPageTable;

  /** `byOwner`: the device is flushed by somebody else. */
  constructor(name: MachineName, { byOwner = false } = {}) {
    this.machine = MACHINES[name];
    this.guest = guestMemory({ reach: this.machine.reach });
    this.pages = new PageAllocator(this.guest);
    this.pages.watchesFrees = false;
    this.device = new Device(this.pages, this.machine);
    const { allocator, changeTop } = this.device;
    const flush = byOwner ? flushedByOwner("the test flushes the device") : this.device.flush;
    this.table = new IoPageTable(this.guest.memory, { format: this.machine.format(changeTop), flush, allocator });
  }

  /** All that a failure must leave as it was. */
  state(): unknown {
    return {
      dump: this.table.dump(),
      live: [...this.pages.live.keys()].sort((a, b) => a - b),
      inUse: this.guest.memory.stats().tablePagesInUse,
      flushes: this.device.flushes,
      stats: this.table.stats(),
    };
  }

  /** Destroy the table: every page comes back. */
  finish(others = 0): void {
    this.pages.answer = () => undefined;
    this.device.detach();
    this.table.destroy();
    expect([...this.pages.live.values()]).toEqual([]);
    expect(this.guest.memory.stats().tablePagesInUse).toBe(others);
  }
}

/** What a call came to: null where it did its work, an error code, or what somebody else threw. */
export function outcomeOf(call: () => unknown): ErrorCode | "refused" | { thrown: unknown } | null {
  let result: unknown;
  try {
    result = call();
  } catch (thrown) {
    return thrown instanceof IoPgtableError ? thrown.code : { thrown };
  }
  // Linux's calls answer instead of throwing.
  if (typeof result === "object" && result !== null && "error" in result) return result.error as ErrorCode | null;
  return result === 0 ? "refused" : null;
}
