// Where random calls go: clusters, so that calls meet; the ends of the input space; next to what is mapped. And what they map: RAM where it fits.
import { endOf, inputRanges, type Range } from "../../configurations/geometry.js";
import type { Surroundings } from "./builder.js";
import type { Model, Span } from "./model.js";
import type { Random } from "./random.js";

export interface Place extends Span {
  readonly paddr: bigint;
}

const CLUSTERS = 5;
const TRIES = 8;
const MOST_LEAVES = 6;

export class Places {
  readonly #page: bigint;
  readonly #ranges: readonly Range[];
  readonly #clusters: readonly bigint[];

  constructor(
    private readonly surroundings: Surroundings,
    private readonly model: Model,
    private readonly random: Random,
  ) {
    const { configuration } = surroundings;
    this.#page = configuration.pageSizes[0] ?? 4096n;
    this.#ranges = inputRanges(configuration);
    this.#clusters = Array.from({ length: CLUSTERS }, () => {
      const range = random.pick(this.#ranges);
      return random.between(range.iova, endOf(range), configuration.pageSizes.at(random.below(3)) ?? this.#page);
    });
  }

  isTaken(span: Span): boolean {
    const { taken } = this.surroundings;
    return taken !== undefined && taken.iova < endOf(span) && span.iova < endOf(taken);
  }

  leafSize(): bigint {
    return this.random.pick(this.surroundings.configuration.pageSizes);
  }

  #rangeOf(iova: bigint): Range | undefined {
    return this.#ranges.find((range) => iova >= range.iova && iova < endOf(range));
  }

  /** A start that is aligned to `align`, with room for `size` bytes. */
  #start(size: bigint, align: bigint): bigint | null {
    const range = this.random.pick(this.#ranges);
    const runs = this.model.runs;
    const starts = [
      () => this.random.pick(this.#clusters) + BigInt(this.random.below(16)) * align,
      () => endOf(range) - size - BigInt(this.random.below(3)) * align,
      () => range.iova + BigInt(this.random.below(3)) * align,
      () => (runs.length > 0 ? endOf(this.random.pick(runs)) : range.iova),
      () => this.random.between(range.iova, endOf(range), align),
    ];
    const iova = this.random.pick(starts)();
    const aligned = iova - (iova % align);
    const home = this.#rangeOf(aligned);
    return home !== undefined && aligned + size <= endOf(home) ? aligned : null;
  }

  /**
   * An output address for `size` bytes, `offset` beyond a multiple of `align`: in RAM where it fits, sometimes where nothing is; else, for what is larger than
   * both, the lowest multiple: RAM is a part of it. null where the output space has no room.
   */
  output(size: bigint, align: bigint, offset: bigint): bigint | null {
    const { areas, configuration } = this.surroundings;
    const limit = 2n ** BigInt(configuration.paddrBits);
    const candidates = [areas.data, ...(areas.nowhere === null ? [] : [areas.nowhere])];
    const preferred = this.random.chance(15) ? candidates.toReversed() : candidates;
    for (const area of preferred) {
      const end = BigInt(area.end) < limit ? BigInt(area.end) : limit;
      const paddr = this.random.between(BigInt(area.start), end - size, align) + offset;
      if (paddr % align === offset && paddr >= BigInt(area.start) && paddr + size <= end) return paddr;
    }
    return offset + size <= limit ? offset : null;
  }

  /** Leaves of one size, sometimes with pages before and behind, and sometimes with an output address that lets only pages fit. */
  #sized(): { size: bigint; align: bigint; offset: bigint } {
    const leaf = this.leafSize();
    const count = 1n + BigInt(this.random.below(leaf === this.#page ? 40 : MOST_LEAVES));
    const ragged = this.random.chance(30) && leaf <= this.#page * 1024n;
    const extra = ragged ? this.#page * BigInt(this.random.below(9)) : 0n;
    const shifted = this.random.chance(15) && leaf <= this.#page * 256n;
    return { size: leaf * count + extra, align: leaf, offset: shifted ? this.#page % leaf : 0n };
  }

  #try<T>(make: () => T | null): T | null {
    for (let i = 0; i < TRIES; i++) {
      const made = make();
      if (made !== null) return made;
    }
    return null;
  }

  /** Where anything may be mapped already. */
  any(): Place | null {
    return this.#try(() => {
      const { size, align, offset } = this.#sized();
      const iova = this.#start(size, align);
      const paddr = this.output(size, align, offset);
      if (iova === null || paddr === null || this.isTaken({ iova, size })) return null;
      return { iova, size, paddr };
    });
  }

  free(): Place | null {
    return this.#try(() => {
      const place = this.any();
      return place === null || this.model.meets(place) ? null : place;
    });
  }

  /** A free place for `size` bytes of pages. */
  small(size: bigint): Place | null {
    return this.#try(() => {
      const iova = this.#start(size, this.#page);
      const paddr = this.output(size, this.#page, 0n);
      const isFree = iova !== null && !this.model.meets({ iova, size }) && !this.isTaken({ iova, size });
      return isFree && paddr !== null ? { iova, size, paddr } : null;
    });
  }

  nearMapped(): Span | null {
    const { runs } = this.model;
    if (runs.length === 0) return null;
    const run = this.random.pick(runs);
    const pages = run.size / this.#page;
    const page = (most: bigint) => this.random.between(0n, most + 1n, 1n) * this.#page;
    const whole = this.random.chance(30);
    const iova = whole ? run.iova : run.iova + page(pages - 1n);
    const rest = run.iova + run.size - iova;
    const few = this.#page * BigInt(1 + this.random.below(40));
    const size = whole ? run.size : this.random.chance(50) && few < rest ? few : rest;
    return this.isTaken({ iova, size }) ? null : { iova, size };
  }
}
