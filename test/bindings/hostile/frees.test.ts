// Pages on their way back to a caller's allocator: each is freed once, when nothing points to it any more and a flush that covers it has returned, whatever
// the callbacks do.
import { describe, expect, it } from "vitest";
import { FREEING, type FreeingOperation } from "./corpus.js";
import { outcomeOf, Stage } from "./stage.js";

function staged({ machine, before }: FreeingOperation, options = {}): Stage {
  const stage = new Stage(machine, options);
  before(stage.table);
  stage.device.look();
  stage.device.frees = 0;
  stage.device.flushes = 0;
  return stage;
}

describe.each(FREEING.map((operation) => [operation.machine, operation.says, operation] as const))(
  "%s: %s",
  (_machine, _says, operation) => {
    const { call, pages } = operation;

    it("frees its pages after the flush that covers them", () => {
      const stage = staged(operation);
      call(stage.table);
      expect(stage.device.frees).toBe(pages);
      stage.finish();
    });

    it("with a gather, after its sync", () => {
      const stage = staged(operation);
      const gather = stage.table.gather();
      call(stage.table, gather);
      if (stage.device.flushes === 0) expect(stage.device.frees).toBe(0);
      gather.sync();
      expect(stage.device.frees).toBe(pages);
      stage.finish();
    });

    it("with a gather that is never synced, when the table is destroyed", () => {
      const stage = staged(operation);
      call(stage.table, stage.table.gather());
      stage.finish();
    });

    it("flushed by the owner, after his word", () => {
      const stage = staged(operation, { byOwner: true });
      call(stage.table);
      expect(stage.device.frees).toBe(0);
      stage.device.flush.flushAll();
      stage.table.acknowledgeFlush();
      expect(stage.device.frees).toBe(pages);
      stage.device.detach();
      stage.table.destroy();
      stage.table.acknowledgeFlush();
      expect(stage.pages.live.size).toBe(0);
      expect(stage.guest.memory.stats().tablePagesInUse).toBe(0);
    });

    it("all of them, also where freeing the k-th throws", () => {
      for (let k = 1; k <= pages; k++) {
        const stage = staged(operation);
        const thrown = new Error("the caller's own");
        stage.device.onFree = () => {
          if (stage.device.frees === k) throw thrown;
        };
        expect(outcomeOf(() => call(stage.table))).toEqual({ thrown });
        expect(stage.device.frees).toBe(pages);
        expect(stage.guest.memory.stats().tablePagesInUse).toBe(stage.pages.live.size);
        stage.finish();
      }
    });

    it("none of them before the flushes that threw have returned", () => {
      const untroubled = staged(operation);
      call(untroubled.table);
      const { flushes } = untroubled.device;
      const dump = untroubled.table.dump();
      untroubled.finish();
      for (let k = 1; k <= flushes; k++) {
        const stage = staged(operation);
        const thrown = new Error("the caller's own");
        stage.device.onFlush = () => {
          if (stage.device.flushes === k) throw thrown;
        };
        expect(outcomeOf(() => call(stage.table))).toEqual({ thrown });
        expect(stage.table.dump()).toBe(dump);
        expect(stage.guest.memory.stats().tablePagesInUse).toBe(stage.pages.live.size);
        // The next sync does what is owed first.
        const before = stage.device.frees;
        stage.table.trim();
        expect(stage.device.frees).toBeGreaterThanOrEqual(Math.max(before, pages));
        stage.finish();
      }
    });
  },
);
