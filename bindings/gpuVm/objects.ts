// Objects and their mappings: whose entries go when one is evicted. A mapping stands in the list of the object whose memory it shows; a sparse one in its
// dummy's.
import type { GpuObject, Mapping } from "./mapping.js";

interface Entry {
  first: Mapping | undefined;
}

export class ObjectBooks {
  readonly #entries = new Map<GpuObject, Entry>();
  /** Evicted objects are remembered as long as they exist, mapped or not. */
  readonly #evicted = new WeakSet<GpuObject>();
  #evictedCount = 0;

  isEvicted(object: GpuObject): boolean {
    return this.#evictedCount !== 0 && this.#evicted.has(object);
  }

  setEvicted(object: GpuObject, evicted: boolean): void {
    if (this.isEvicted(object) === evicted) return;
    this.#evictedCount += evicted ? 1 : -1;
    if (evicted) this.#evicted.add(object);
    else this.#evicted.delete(object);
  }

  add(mapping: Mapping): void {
    const { memory } = mapping.backing;
    const entry = this.#entries.get(memory);
    if (entry === undefined) {
      this.#entries.set(memory, { first: mapping });
      return;
    }
    mapping.next = entry.first;
    if (entry.first !== undefined) entry.first.previous = mapping;
    entry.first = mapping;
  }

  remove(mapping: Mapping): void {
    const { previous, next, backing } = mapping;
    if (next !== undefined) next.previous = previous;
    if (previous !== undefined) previous.next = next;
    else if (next === undefined) this.#entries.delete(backing.memory);
    else {
      const entry = this.#entries.get(backing.memory);
      if (entry !== undefined) entry.first = next;
    }
    mapping.previous = undefined;
    mapping.next = undefined;
  }

  /** The mappings of an object's memory, by address. */
  mappingsOf(object: GpuObject): Mapping[] {
    const mappings: Mapping[] = [];
    for (let m = this.#entries.get(object)?.first; m !== undefined; m = m.next) mappings.push(m);
    return mappings.sort((a, b) => a.start - b.start);
  }
}
