// The core answers from what it learned of a format in operations that are compiled once for all, and from the format itself where it looks up. Both have to
// say the same of any item: which are tables, and where those are.
import { describe, expect, it } from "vitest";
import { instantiate } from "../../../bindings/coreModule.js";
import { CoreFormat } from "../../../bindings/formats/coreFormats.js";
import { Random } from "../suite/random.js";

const ITEMS = 2000;
const ROOT = 65536;
const CHILD = 131072;
const WINDOW = 65536;
const TABLE = 4;
const LEAF = 1;
const UNMAPPED = -1;
const CORRUPT = -4;

/** One realm over a root with one item. A table below it is found where `child` says, and nowhere else. */
function lookUps() {
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 65536, shared: true });
  const words = new Uint32Array(memory.buffer);
  let child = Number.NaN;
  const { core } = instantiate(memory, {
    otherWindow(paddr, bytes) {
      if (!(paddr >= child && paddr + bytes <= child + WINDOW)) return 0;
      core.setWindow(CHILD, WINDOW, child);
      return 1;
    },
    otherWindowAt: () => undefined,
    isHeld: () => 0,
  });
  return {
    core,
    /** What a walk from the root at `level` comes to. */
    walk(format: number, low: number, high: number, level: number, tableAt: number): number {
      child = tableAt;
      words[ROOT / 4] = low;
      words[ROOT / 4 + 1] = core.geometry(format, 2, 0) === 3 ? high : 0;
      core.setWindow(ROOT, 0, 0);
      return core.peek(format, ROOT, level, 0, 0, 0, 0, 0);
    },
  };
}

describe("what is learned of a format", () => {
  const realm = lookUps();
  it.each(Object.entries(CoreFormat))("holds for all items: %s", (_name, format) => {
    const { core } = realm;
    const random = new Random();
    const word = () => random.below(2 ** 16) * 2 ** 16 + random.below(2 ** 16);
    const levels = core.geometry(format, 1, 0) === 8 ? [1] : [1, 2, 3];
    const wide = core.geometry(format, 2, 0) === 3;
    let tables = 0;
    for (let i = 0; i < ITEMS; i++) {
      const level = levels[i % levels.length] ?? 1;
      // Dense and sparse items, so that each kind of table item comes up.
      const low = (i & 4 ? word() & word() : word()) >>> 0;
      const high = wide ? (i & 8 ? word() & word() & 0xffff : word()) >>> 0 : 0;
      const kind = core.decode(format, low, high, level);
      const paddr = core.decodedPaddr();
      const about = `item ${high.toString(16)}:${low.toString(16)} at level ${level}`;
      const expected = kind === LEAF ? paddr : UNMAPPED;
      if (kind !== TABLE) {
        expect(realm.walk(format, low, high, level, Number.NaN), about).toBe(expected);
        continue;
      }
      tables += 1;
      expect(realm.walk(format, low, high, level, Number.NaN), about).toBe(CORRUPT);
      expect(realm.walk(format, low, high, level, paddr), about).toBe(UNMAPPED);
    }
    expect(tables).toBeGreaterThan(ITEMS / 200);
  });
});
