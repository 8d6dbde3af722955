// Every operation that there is on a tiny table, with what the model says of it.
import { type Gather, IoPgtableError, Prot } from "../../bindings/index.js";
import { leafSizes, PAGE, type TinyConfig } from "./tiny.js";
import { equal, type World } from "./world.js";

export interface Operation {
  readonly name: string;
  run(world: World): void;
}

/** Pages [first, first + count). */
export interface Place {
  readonly first: number;
  readonly count: number;
}

const PROTS = [Prot.READ, Prot.READ | Prot.WRITE];
/** Output addresses at which the same leaves fit as at the input address, and at which only pages do. */
const ALIGNED = 64;
const SHIFTED = 129;

/** Where a leaf of any size can stand, and the whole space. */
export function leafPlaces(config: TinyConfig, pages: number): Place[] {
  const counts = [...new Set([...leafSizes(config).map((size) => size / PAGE), pages])];
  return counts.flatMap((count) => Array.from({ length: pages / count }, (_, i) => ({ first: i * count, count })));
}

/** Every range of whole pages. */
export function allPlaces(pages: number): Place[] {
  const places: Place[] = [];
  for (let first = 0; first < pages; first++) {
    for (let count = 1; first + count <= pages; count++) places.push({ first, count });
  }
  return places;
}

/** map, unmap, replace, protect, coalesce and trim: what tables can be made of. */
export function mainOperations(places: readonly Place[], pages: number): Operation[] {
  return [
    ...places.flatMap((place) => PROTS.map((prot) => map(place, ALIGNED, prot))),
    ...places.map((place) => unmap(place, "split")),
    ...places.flatMap((place) => PROTS.map((prot) => replace(place, ALIGNED, prot))),
    ...places.flatMap((place) => PROTS.map((prot) => protect(place, prot))),
    ...places.filter(({ count }) => count > 1).map((place) => coalesce(place, pages)),
    ...places.filter(({ count }) => count === 1).map(unmapPages),
    { name: "trim", run: trim },
  ];
}

/** All that a table can be asked for, with output addresses that take larger leaves and such that do not. */
export function allOperations(places: readonly Place[], pages: number): Operation[] {
  const wide = places.filter(({ count }) => count > 1);
  return [
    ...mainOperations(places, pages),
    ...places.map((place) => map(place, SHIFTED, Prot.READ)),
    ...places.flatMap((place) => (["whole", "refuse"] as const).map((partial) => unmap(place, partial))),
    ...places.map((place) => replace(place, 2 * ALIGNED, Prot.READ)),
    ...wide.map((place) => mapRepeat(place, 1)),
    ...places.filter(({ count }) => count > 2).map((place) => mapRepeat(place, 2)),
    ...wide.map(mapList),
    ...places.filter(({ count }) => count === 1).map(deviceWrites),
    ...places.map(readDirty),
  ];
}

/** The changes that take a gather, with one: it is synced after a look at what may be remembered until then. */
export function gatheredAt(places: readonly Place[]): Operation[] {
  const late = (name: string, change: (w: World, gather: Gather) => unknown, model: (w: World) => void): Operation => ({
    name: `${name}, gathered`,
    run(w) {
      const gather = w.table.gather();
      change(w, gather);
      w.tlb.check();
      gather.sync();
      model(w);
    },
  });
  return places.flatMap((place) => {
    const [iova, size] = bytesOf(place);
    const word = show(place);
    return [
      late(
        `unmap ${word}`,
        (w, gather) => w.table.unmap(iova, size, { gather }),
        (w) => clear(w, place),
      ),
      late(
        `replace ${word}`,
        (w, gather) => w.table.replace(iova, iova + ALIGNED * PAGE, size, Prot.READ, gather),
        (w) => set(w, place, (page) => page + ALIGNED, Prot.READ),
      ),
      late(
        `protect ${word}`,
        (w, gather) => w.table.protect(iova, size, Prot.READ, gather),
        (w) => setProt(w, place, Prot.READ),
      ),
    ];
  });
}

const bytesOf = ({ first, count }: Place): [number, number] => [first * PAGE, count * PAGE];
const show = ({ first, count }: Place) => `${first}+${count}`;
const isMapped = (w: World, page: number) => (w.frames[page] ?? -1) >= 0;

function each({ first, count }: Place, act: (page: number) => unknown): void {
  for (let page = first; page < first + count; page++) act(page);
}

function countMapped(w: World, place: Place): number {
  let count = 0;
  each(place, (page) => isMapped(w, page) && count++);
  return count;
}

function set(w: World, place: Place, frame: (page: number) => number, prot: number): void {
  each(place, (page) => {
    w.frames[page] = frame(page);
    w.prots[page] = prot;
    w.dirty[page] = 0;
  });
}

function setProt(w: World, place: Place, prot: number): void {
  each(place, (page) => {
    if (isMapped(w, page)) w.prots[page] = prot;
  });
}

function clear(w: World, place: Place): void {
  each(place, (page) => {
    w.frames[page] = -1;
    w.prots[page] = 0;
    w.dirty[page] = 0;
  });
}

/** What a call fails with; undefined when it returns. */
function failureOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof IoPgtableError) return error.code;
    throw error;
  }
}

/** A call that maps: all of it where nothing is in the way, or nothing. */
function mapping(w: World, place: Place, call: () => void, frame: (page: number) => number, prot: number): void {
  const taken = countMapped(w, place) !== 0;
  equal(failureOf(call), taken ? "EEXIST" : undefined, "result");
  if (!taken) set(w, place, frame, prot);
}

function map(place: Place, out: number, prot: number): Operation {
  const [iova, size] = bytesOf(place);
  return {
    name: `map ${show(place)} to ${place.first + out} as ${prot}`,
    run: (w) =>
      mapping(
        w,
        place,
        () => w.table.map(iova, iova + out * PAGE, size, prot),
        (page) => page + out,
        prot,
      ),
  };
}

/** The pages in falling order: no two of them join. */
function mapList(place: Place): Operation {
  const frame = (page: number) => SHIFTED + place.first + place.count - page;
  const pages = Array.from({ length: place.count }, (_, i) => frame(place.first + i) * PAGE);
  return {
    name: `mapList ${show(place)}`,
    run: (w) => mapping(w, place, () => w.table.mapList(place.first * PAGE, pages, PAGE, Prot.READ), frame, Prot.READ),
  };
}

function mapRepeat(place: Place, period: number): Operation {
  const [iova, size] = bytesOf(place);
  const source = { paddr: ALIGNED * PAGE, size: period * PAGE };
  const frame = (page: number) => ALIGNED + ((page - place.first) % period);
  return {
    name: `mapRepeat ${show(place)} by ${period}`,
    run: (w) => mapping(w, place, () => w.table.mapRepeat(iova, size, source, Prot.READ), frame, Prot.READ),
  };
}

function unmap(place: Place, partial: "split" | "whole" | "refuse"): Operation {
  const [iova, size] = bytesOf(place);
  return {
    name: `unmap ${show(place)} ${partial}`,
    run(w) {
      const [first] = w.leafAt(place.first);
      const [, last] = w.leafAt(place.first + place.count - 1);
      const whole = { first, count: last - first + 1 };
      if (partial === "refuse" && whole.count !== place.count) {
        equal(
          failureOf(() => w.table.unmap(iova, size, { partial })),
          "EINVAL",
          "result",
        );
        return;
      }
      const removed = partial === "whole" ? whole : place;
      equal(w.table.unmap(iova, size, { partial }), countMapped(w, removed) * PAGE, "bytes unmapped");
      clear(w, removed);
    },
  };
}

function unmapPages(place: Place): Operation {
  return {
    name: `unmapPages ${place.first}`,
    run(w) {
      const [first, last] = w.leafAt(place.first);
      const mapped = isMapped(w, place.first) && first === last;
      w.mayBeEmpty = true;
      equal(w.table.unmapPages(place.first * PAGE, PAGE, 1), mapped ? PAGE : 0, "bytes unmapped");
      if (mapped) clear(w, place);
    },
  };
}

function replace(place: Place, out: number, prot: number): Operation {
  const [iova, size] = bytesOf(place);
  return {
    name: `replace ${show(place)} with ${place.first + out} as ${prot}`,
    run(w) {
      w.table.replace(iova, iova + out * PAGE, size, prot);
      set(w, place, (page) => page + out, prot);
    },
  };
}

function protect(place: Place, prot: number): Operation {
  const [iova, size] = bytesOf(place);
  return {
    name: `protect ${show(place)} as ${prot}`,
    run(w) {
      equal(w.table.protect(iova, size, prot), countMapped(w, place) * PAGE, "bytes changed");
      setProt(w, place, prot);
    },
  };
}

function coalesce(place: Place, pages: number): Operation {
  const [iova, size] = bytesOf(place);
  return {
    name: `coalesce ${show(place)}`,
    run(w) {
      const before = w.memory.stats().tablePagesInUse;
      const freed = w.table.coalesce(iova, size);
      equal(before - w.memory.stats().tablePagesInUse, freed, "table pages freed");
      // A leaf is dirty when one of its parts was.
      for (let page = 0; page < w.pages; ) {
        const [first, last] = w.leafAt(page);
        const leaf = { first, count: last - first + 1 };
        let dirty = 0;
        each(leaf, (p) => (dirty |= w.dirty[p] ?? 0));
        each(leaf, (p) => (w.dirty[p] = dirty));
        page = last + 1;
      }
      if (place.count !== pages) return;
      const leaves = [...w.table.stats().leaves.values()].reduce((sum, count) => sum + count, 0);
      equal(leaves, w.fewestLeaves(), "leaves");
    },
  };
}

function trim(w: World): void {
  const before = w.memory.stats().tablePagesInUse;
  const freed = w.table.trim();
  equal(before - w.memory.stats().tablePagesInUse, freed, "table pages freed");
  w.mayBeEmpty = false;
}

/** The device writes through a leaf; not through one that several addresses share. */
function deviceWrites(place: Place): Operation {
  return {
    name: `the device writes to ${place.first}`,
    run(w) {
      const writable = isMapped(w, place.first) && ((w.prots[place.first] ?? 0) & Prot.WRITE) !== 0;
      if (!writable || w.table.stats().sharedTablePages !== 0) return;
      const [first, last] = w.leafAt(place.first);
      const words = new Uint32Array(w.memory.buffer, w.entryOf(place.first), 1);
      words[0] = (words[0] ?? 0) | (1 << 5);
      each({ first, count: last - first + 1 }, (page) => (w.dirty[page] = 1));
    },
  };
}

function readDirty(place: Place): Operation {
  const [iova, size] = bytesOf(place);
  return {
    name: `readDirty ${show(place)}`,
    run(w) {
      const bitmap = new Uint8Array(Math.ceil(place.count / 8));
      const count = w.table.readDirty(iova, size, bitmap, { clear: true });
      let expected = 0;
      each(place, (page) => (expected += w.dirty[page] ?? 0));
      equal(count, expected, "dirty pages");
      each(place, (page) => {
        equal(
          ((bitmap[(page - place.first) >>> 3] ?? 0) >>> ((page - place.first) & 7)) & 1,
          w.dirty[page],
          `bit of ${page}`,
        );
        const [first, last] = w.leafAt(page);
        const inside = first >= place.first && last < place.first + place.count;
        if (inside) w.dirty[page] = 0;
      });
    },
  };
}
