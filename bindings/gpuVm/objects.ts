// Objects and their mappings: whose entries go when one is evicted. A mapping stands in the list of the object whose memory it shows; a sparse one in its
// dummy's.
import type { GpuObject, Mapping } from "./mapping.js";

export class ObjectBooks {
  readonly #first = new Map<GpuObject, Mapping>();
  /** Evicted objects are remembered as long as they exist, mapped or not. */
  readonly #evicted = new WeakSet<GpuObject>();

  isEvicted(object: GpuObject): boolean {
    return this.#evicted.has(object);
  }

  setEvicted(object: GpuObject, evicted: boolean): void {
    if (evicted) this.#evicted.add(object);
    else this.#evicted.delete(object);
  }

  add(mapping: Mapping): void {
    const { memory } = mapping.backing;
    const first = this.#first.get(memory);
    mapping.next = first;
    if (first !== undefined) first.previous = mapping;
    this.#first.set(memory, mapping);
  }

  remove(mapping: Mapping): void {
    const { previous, next, backing } = mapping;
    if (previous !== undefined) previous.next = next;
    else if (next !== undefined) this.#first.set(backing.memory, next);
    else this.#first.delete(backing.memory);
    if (next !== undefined) next.previous = previous;
    mapping.previous = undefined;
    mapping.next = undefined;
  }

  /** The mappings of an object's memory, by address. */
  mappingsOf(object: GpuObject): Mapping[] {
    const mappings: Mapping[] = [];
    for (let m = this.#first.get(object); m !== undefined; m = m.next) mappings.push(m);
    return mappings.sort((a, b) => a.start - b.start);
  }
}
