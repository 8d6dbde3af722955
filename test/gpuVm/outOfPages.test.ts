// The caller's allocator has no page at its first, second, … request: each call is then as if it had not been made.
import { describe, expect, test } from "vitest";
import { armLpaeS1, type GpuObject, GpuVm, IoPageTable, Prot } from "../../bindings/index.js";
import { outcomeOf } from "../bindings/support/failure.js";
import { MIB } from "../bindings/support/fixture.js";
import { flushJournal } from "../bindings/support/flushJournal.js";
import { guestMemory } from "../bindings/support/guestMemory.js";
import { PageAllocator } from "../bindings/support/pageAllocator.js";

const PAGE = 4096;
const GIB = 2 ** 30;
const RW = Prot.READ | Prot.WRITE;

interface Space {
  vm: GpuVm;
  table: IoPageTable;
  a: GpuObject & { segments: GpuObject["segments"] };
  b: GpuObject;
}

const CALLS: Readonly<Record<string, (space: Space) => unknown>> = {
  "bind over nothing": ({ vm, b }) => vm.bind({ iova: 2 * GIB, size: 3 * MIB, object: b, prot: RW }),
  "bind into a large leaf": ({ vm, b }) => vm.bind({ iova: MIB, size: PAGE, object: b, prot: RW }),
  "bind over the ends of two mappings": ({ vm, b }) =>
    vm.bind({ iova: 3 * MIB, size: 2 * GIB, object: b, prot: RW, period: 2 * MIB }),
  "bindSparse over all": ({ vm, b }) => vm.bindSparse(PAGE, 3 * GIB, b),
  "unbind inside a large leaf": ({ vm }) => vm.unbind(MIB, PAGE),
  "protect by bind": ({ vm, a }) => vm.bind({ iova: MIB, size: MIB, object: a, offset: MIB, prot: Prot.READ }),
  prepare: ({ vm, b }) =>
    vm
      .prepare([
        { request: "unbind", iova: MIB, size: PAGE },
        { request: "bind", iova: 5 * GIB, size: PAGE, object: b, prot: RW },
        { request: "bindSparse", iova: 8 * GIB, size: GIB, dummy: b },
      ])
      .abort(),
  "revalidate into other pieces": ({ vm, a }) => {
    vm.invalidate(a);
    a.segments = Array.from({ length: 2048 }, (_, i) => ({ paddr: 0x1_0000_0000 + 2 * i * PAGE, size: PAGE }));
    vm.revalidate(a);
  },
};

function space(): Space & { allocator: PageAllocator; leaks: () => number } {
  const guest = guestMemory();
  const allocator = new PageAllocator(guest);
  allocator.watchesFrees = false;
  const format = armLpaeS1({ ias: 39, oas: 40 });
  const table = new IoPageTable(guest.memory, { format, flush: flushJournal().flush, allocator });
  const vm = new GpuVm(table);
  const a = { segments: [{ paddr: 0x4000_0000, size: 8 * MIB }] };
  const b = { segments: [{ paddr: 0x8010_0000, size: 4 * MIB }] };
  vm.bind({ iova: 0, size: 4 * MIB, object: a, prot: RW });
  vm.bind({ iova: GIB, size: 4 * MIB, object: a, prot: RW });
  return { vm, table, a, b, allocator, leaks: () => guest.memory.stats().tablePagesInUse };
}

function state({ vm, table }: Space): unknown {
  return { dump: table.dump(), mappings: [...vm.mappings()].map((mapping) => ({ ...mapping })) };
}

describe.each(Object.entries(CALLS))("%s", (name, call) => {
  test("does all or nothing at every request for a page", () => {
    let needed = 0;
    for (let failing = 0; ; failing++) {
      const made = space();
      const first = made.allocator.requests.length;
      const before = state(made);
      const identities = [...made.vm.mappings()];
      made.allocator.answer = (request) => (request === first + failing ? null : undefined);
      const outcome = outcomeOf(() => call(made));
      const failed = "code" in outcome;
      if (failed) {
        expect(outcome.code).toBe("ENOMEM");
        if (name.startsWith("revalidate")) {
          expect([...made.vm.mappings()].every(({ invalidated }) => invalidated)).toBe(true);
          expect(made.table.stats().mappedBytes).toBe(0);
        } else expect(state(made)).toEqual(before);
        expect([...made.vm.mappings()].every((mapping, i) => mapping === identities[i])).toBe(true);
        // And now it can be done.
        made.allocator.answer = () => undefined;
        if (name.startsWith("revalidate")) made.vm.revalidate(made.a);
        else call(made);
      }
      made.table.destroy();
      expect(made.allocator.live.size).toBe(0);
      expect(made.leaks()).toBe(0);
      if (!failed) break;
      needed++;
    }
    expect(needed).toBeGreaterThan(0);
  });
});
