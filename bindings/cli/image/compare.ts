// What differs between two tables, by what their mappings say.
import type { Mapping } from "../../index.js";

export interface MappingDifference {
  /** What only the first table says; null where it maps nothing there. */
  readonly before: Mapping | null;
  readonly after: Mapping | null;
}

const end = ({ iova, size }: Mapping): bigint => iova + BigInt(size);

/** The part of a run from an address on, up to another. */
function cut(mapping: Mapping, first: bigint, last: bigint): Mapping {
  const paddr = mapping.paddr + Number(first - mapping.iova);
  return { ...mapping, iova: first, paddr, size: Number(last - first) };
}

/** One of the two lists, and what is left of the run at its head. */
class Side {
  head: Mapping | null;
  readonly #list: Iterator<Mapping>;

  constructor(list: Iterator<Mapping>) {
    this.#list = list;
    this.head = this.#next();
  }

  #next(): Mapping | null {
    const step = this.#list.next();
    return step.done === true ? null : step.value;
  }

  /** Addresses at which it begins or ceases to say something, from `start` on. */
  edges(start: bigint): bigint[] {
    return this.head === null ? [] : [this.head.iova, end(this.head)].filter((edge) => edge > start);
  }

  /** What it says from `start` up to `stop`, where it says one thing. */
  take(start: bigint, stop: bigint): Mapping | null {
    const { head } = this;
    if (head === null || head.iova > start) return null;
    this.head = stop === end(head) ? this.#next() : cut(head, stop, end(head));
    return cut(head, start, stop);
  }
}

function least(addresses: readonly bigint[]): bigint | undefined {
  return [...addresses].sort((x, y) => (x < y ? -1 : 1))[0];
}

/** Goes through two ascending lists of runs side by side, in stretches in which each says one thing. */
export function* differences(
  first: Iterator<Mapping>,
  second: Iterator<Mapping>,
  same: (a: Mapping, b: Mapping) => boolean,
): Generator<MappingDifference> {
  const sides = [new Side(first), new Side(second)] as const;
  while (true) {
    const start = least(sides.flatMap(({ head }) => (head === null ? [] : [head.iova])));
    if (start === undefined) return;
    const stop = least(sides.flatMap((side) => side.edges(start))) ?? start;
    const [before, after] = [sides[0].take(start, stop), sides[1].take(start, stop)];
    if (before === null || after === null || !same(before, after)) yield { before, after };
  }
}
