// None of the caller's functions may call back into what called it, and none that throws leaves a table half changed.
import { describe, expect, it } from "vitest";
import {
  Access,
  amdV1,
  armLpaeS1,
  type ErrorCode,
  type FlushOps,
  type Format,
  type Gather,
  IoPageTable,
  IoPgtableError,
  Prot,
  TableMemory,
} from "../../bindings/index.js";
import { flushJournal } from "./support/flushJournal.js";
import { guestMemory } from "./support/guestMemory.js";
import { PageAllocator } from "./support/pageAllocator.js";

const RW = Prot.READ | Prot.WRITE;

/** A table on which every kind of callback runs, with one of them replaced. */
class Stage {
  readonly guest = guestMemory();
  readonly memory = this.guest.memory;
  readonly allocator = new PageAllocator(this.guest);
  readonly table: IoPageTable;
  readonly gather: Gather;
  /** What the watched callback does, once; undefined once it has run. */
  trap: (() => void) | undefined;
  onFlush: () => void = () => undefined;

  constructor(readonly watched: Callback) {
    const spring = (name: Callback) => () => {
      if (name !== this.watched) return;
      const trap = this.trap;
      this.trap = undefined;
      trap?.();
    };
    this.allocator.onAlloc = spring("alloc");
    this.allocator.onFree = spring("free");
    const flushing = (name: Callback) => () => {
      spring(name)();
      this.onFlush();
    };
    const flush: FlushOps = {
      flushAll: spring("flushAll"),
      flushWalk: flushing("flushWalk"),
      flushRange: flushing("flushRange"),
      mapped: spring("mapped"),
    };
    const format: Format =
      watched === "changeTop"
        ? amdV1({ ias: 64, oas: 52, startLevels: 2, changeTop: spring("changeTop") })
        : armLpaeS1({ ias: 48, oas: 48, coherentWalk: false, syncForDevice: spring("syncForDevice") });
    this.table = new IoPageTable(this.memory, { format, flush, allocator: this.allocator });
    this.gather = this.table.gather();
  }

  finish(): void {
    this.trap = undefined;
    this.allocator.watchesFrees = false;
    this.table.destroy();
    expect(this.memory.stats().tablePagesInUse).toBe(0);
    expect(this.allocator.live.size).toBe(0);
  }
}

type Callback = "alloc" | "free" | "flushAll" | "flushWalk" | "flushRange" | "mapped" | "syncForDevice" | "changeTop";

/** The call that makes each callback run; two pages are mapped at 2M before it. */
const PROVOCATIONS: Record<Callback, (stage: Stage) => void> = {
  alloc: ({ table }) => table.map(2 ** 29, 0x1000, 0x1000, RW),
  free: ({ table }) => table.unmap(2 ** 21, 0x2000),
  flushAll: ({ table, allocator }) => {
    allocator.watchesFrees = false;
    table.destroy();
  },
  flushWalk: ({ table }) => table.unmap(2 ** 21, 0x2000),
  flushRange: ({ table }) => table.unmapPages(2 ** 21, 0x1000, 1),
  mapped: ({ table }) => table.map(2 ** 29, 0x1000, 0x1000, RW),
  syncForDevice: ({ table }) => table.map(2 ** 29, 0x1000, 0x1000, RW),
  changeTop: ({ table }) => table.map(2 ** 35, 0x1000, 0x1000, RW),
};
const CALLBACKS = Object.keys(PROVOCATIONS) as Callback[];

function stageOf(callback: Callback): Stage {
  const stage = new Stage(callback);
  stage.table.map(2 ** 21, 0x1000, 0x2000, RW);
  return stage;
}

const REENTRIES: Record<string, (stage: Stage) => unknown> = {
  map: ({ table }) => table.map(2 ** 28, 0x1000, 0x1000, RW),
  mapList: ({ table }) => table.mapList(2 ** 28, [0x1000], 0x1000, RW),
  mapFrames: ({ table }) => table.mapFrames(2 ** 28, Uint32Array.of(1), 0x1000, RW),
  mapSegments: ({ table }) => table.mapSegments(2 ** 28, [{ paddr: 0x1000, size: 0x1000 }], RW),
  unmap: ({ table }) => table.unmap(2 ** 21, 0x1000),
  mapPages: ({ table }) => table.mapPages(2 ** 28, 0x1000, 0x1000, 1, RW),
  unmapPages: ({ table }) => table.unmapPages(2 ** 21, 0x1000, 1),
  mapRange: ({ table }) => table.mapRange(2 ** 28, 0x1000, 0x1000, RW),
  unmapRange: ({ table }) => table.unmapRange(2 ** 21, 0x1000),
  trim: ({ table }) => table.trim(),
  iovaToPhys: ({ table }) => table.iovaToPhys(2 ** 21),
  iovaToPhys64: ({ table }) => table.iovaToPhys64(2 ** 21),
  access: ({ table }) => table.access(2 ** 21, Access.READ),
  translate: ({ table }) => table.translate(Float64Array.of(2 ** 21), new Float64Array(1)),
  walk: ({ table }) => table.walk(2 ** 21),
  mappings: ({ table }) => [...table.mappings()],
  dump: ({ table }) => table.dump(),
  stats: ({ table }) => table.stats(),
  gather: ({ table }) => table.gather(),
  sync: ({ gather }) => gather.sync(),
  flushMark: ({ table }) => table.flushMark(),
  acknowledgeFlush: ({ table }) => table.acknowledgeFlush(),
  share: ({ table }) => table.share(),
  destroy: ({ table }) => table.destroy(),
  "memory.stats": ({ memory }) => memory.stats(),
  "memory.float64Array": ({ memory }) => memory.float64Array(1),
  "another table": ({ memory }) =>
    new IoPageTable(memory, { format: armLpaeS1({ ias: 48, oas: 48 }), flush: flushJournal().flush }),
};

function codeOf(action: () => unknown): ErrorCode | "returned" {
  try {
    action();
    return "returned";
  } catch (error) {
    if (error instanceof IoPgtableError) return error.code;
    throw error;
  }
}

describe.each(CALLBACKS)("%s calls back", (callback) => {
  it.each(Object.entries(REENTRIES))("%s: EBUSY, and the call that it stands in completes", (_, reenter) => {
    const untroubled = stageOf(callback);
    PROVOCATIONS[callback](untroubled);
    const expected = callback === "flushAll" ? "" : untroubled.table.dump();

    const stage = stageOf(callback);
    let code: string | undefined;
    stage.trap = () => {
      code = codeOf(() => reenter(stage));
    };
    PROVOCATIONS[callback](stage);
    expect(code).toBe("EBUSY");
    if (callback === "flushAll") return;
    expect(stage.table.dump()).toBe(expected);
    expect(stage.table.iovaToPhys(2 ** 21 + 0x1fff)).toBe(untroubled.table.iovaToPhys(2 ** 21 + 0x1fff));
    stage.finish();
    untroubled.finish();
  });

  it("another memory's table is free to use", () => {
    const stage = stageOf(callback);
    const other = TableMemory.create({ bytes: 2 ** 22 });
    using table = new IoPageTable(other, { format: armLpaeS1({ ias: 48, oas: 48 }), flush: flushJournal().flush });
    let translated: number | null = null;
    stage.trap = () => {
      table.map(0, 0x7000, 0x1000, RW);
      translated = table.iovaToPhys(1);
    };
    PROVOCATIONS[callback](stage);
    expect(translated).toBe(0x7001);
  });
});

/** Runs the provocation with a callback that throws: the very error must come out. */
function throwFrom(stage: Stage): void {
  const thrown = new Error("the caller's own");
  stage.trap = () => {
    throw thrown;
  };
  expect(() => PROVOCATIONS[stage.watched](stage)).toThrow(thrown);
  expect(stage.trap).toBeUndefined();
}

describe("a callback that throws", () => {
  it("while allocating leaves the table as before", () => {
    const stage = stageOf("alloc");
    const before = [stage.table.dump(), stage.allocator.live.size, stage.memory.stats().tablePagesInUse];
    throwFrom(stage);
    expect([stage.table.dump(), stage.allocator.live.size, stage.memory.stats().tablePagesInUse]).toEqual(before);
    PROVOCATIONS.alloc(stage);
    expect(stage.table.iovaToPhys(2 ** 29)).toBe(0x1000);
    stage.finish();
  });

  it("at the second of several pages gives the first one back", () => {
    const stage = stageOf("alloc");
    const before = [stage.table.dump(), stage.allocator.live.size];
    const fail = new Error("the caller's own");
    let asked = 0;
    stage.allocator.onAlloc = () => {
      if (++asked === 2) throw fail;
    };
    expect(() => stage.table.map(2 ** 40, 0x1000, 0x1000, RW)).toThrow(fail);
    expect([stage.table.dump(), stage.allocator.live.size]).toEqual(before);
    stage.finish();
  });

  it.each(["mapped", "syncForDevice", "changeTop", "free"] as const)(
    "in %s leaves it as before or as after",
    (callback) => {
      const untroubled = stageOf(callback);
      const before = untroubled.table.dump();
      PROVOCATIONS[callback](untroubled);
      const after = untroubled.table.dump();
      untroubled.finish();

      const stage = stageOf(callback);
      throwFrom(stage);
      expect([before, after]).toContain(stage.table.dump());
      stage.finish();
    },
  );

  it.each(["flushWalk", "flushRange"] as const)("in %s leaves it as after", (callback) => {
    const untroubled = stageOf(callback);
    PROVOCATIONS[callback](untroubled);
    const after = untroubled.table.dump();
    untroubled.finish();

    const stage = stageOf(callback);
    throwFrom(stage);
    expect(stage.table.dump()).toBe(after);
    expect(stage.table.iovaToPhys(2 ** 21)).toBeNull();
    stage.finish();
  });

  it("in a flush keeps the unlinked pages until a later flush returns", () => {
    const stage = stageOf("flushWalk");
    const pages = stage.allocator.live.size;
    throwFrom(stage);
    expect(stage.allocator.live.size).toBe(pages);
    const events: string[] = [];
    stage.onFlush = () => events.push("flush");
    stage.allocator.onFree = () => events.push("free");
    stage.table.map(2 ** 29, 0x1000, 0x1000, RW);
    stage.table.unmap(2 ** 29, 0x1000);
    // The pages of both unmaps are back, each after a flush: only the root stands.
    expect(stage.allocator.live.size).toBe(1);
    expect(events[0]).toBe("flush");
    stage.finish();
  });

  it("in the flush of a sync leaves the gather to be synced again", () => {
    const stage = stageOf("flushWalk");
    stage.table.unmap(2 ** 21, 0x2000, { gather: stage.gather });
    const thrown = new Error("the caller's own");
    stage.trap = () => {
      throw thrown;
    };
    const pages = stage.allocator.live.size;
    expect(() => stage.gather.sync()).toThrow(thrown);
    expect(stage.allocator.live.size).toBe(pages);
    stage.gather.sync();
    expect(stage.allocator.live.size).toBe(1);
    stage.finish();
  });
});

describe("flush operations", () => {
  it("are called as methods of the object that was given", () => {
    class Device implements FlushOps {
      flushed: string[] = [];
      flushAll() {
        this.flushed.push("all");
      }
      flushWalk() {
        this.flushed.push("walk");
      }
      flushRange() {
        this.flushed.push("range");
      }
    }
    const device = new Device();
    const memory = TableMemory.create({ bytes: 2 ** 22 });
    const table = new IoPageTable(memory, { format: armLpaeS1({ ias: 48, oas: 48 }), flush: device });
    table.map(0, 0x1000, 0x2000, RW);
    table.unmapPages(0, 0x1000, 1);
    table.destroy();
    expect(device.flushed).toEqual(["range", "all"]);
  });
});
