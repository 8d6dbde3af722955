// Random calls on a table, and the same on the model of it.
import { type IoPageTable, IoPgtableError, type Paddr } from "../../../bindings/index.js";
import type { Configuration } from "../../configurations/configuration.js";
import { endOf, inputRanges } from "../../configurations/geometry.js";
import type { Walker } from "../walkers/walker.js";
import { Model, type Span } from "./model.js";
import { Places } from "./places.js";
import type { Random } from "./random.js";

export const CALLS = [
  "map",
  "mapList",
  "mapSegments",
  "mapRepeat",
  "replace",
  "protect",
  "unmap",
  "coalesce",
  "mapPages",
  "unmapPages",
] as const;
export type Call = (typeof CALLS)[number];

/** How often each is made. */
const MIX: readonly Call[] = [
  ...["map", "map", "map", "map", "map", "mapList", "mapSegments", "mapRepeat"],
  ...["replace", "replace", "protect", "unmap", "unmap", "coalesce", "mapPages", "unmapPages"],
] as Call[];

const MOST_LISTED = 24;

export interface Surroundings {
  readonly configuration: Configuration;
  readonly areas: Walker["areas"];
  /** Protections to choose from. */
  readonly prots: readonly number[];
  /** Input addresses that the walker needs for itself. */
  readonly taken?: Span;
}

export class Builder {
  readonly model = new Model();
  readonly made: Partial<Record<Call, number>> = {};
  readonly places: Places;
  readonly page: bigint;

  constructor(
    readonly table: IoPageTable,
    readonly surroundings: Surroundings,
    readonly random: Random,
  ) {
    this.page = surroundings.configuration.pageSizes[0] ?? 4096n;
    this.places = new Places(surroundings, this.model, random);
  }

  /** A random call. @returns whether it was made: there may be no place for it */
  step(call: Call = this.random.pick(MIX)): boolean {
    try {
      if (!this.#make(call)) return false;
      this.made[call] = (this.made[call] ?? 0) + 1;
      return true;
    } catch (error) {
      // All or nothing: a memory that is full leaves table and model as they were.
      if (error instanceof IoPgtableError && error.code === "ENOMEM") return false;
      throw error;
    }
  }

  #make(call: Call): boolean {
    switch (call) {
      case "map":
        return this.map();
      case "mapList":
        return this.mapList();
      case "mapSegments":
        return this.mapSegments();
      case "mapRepeat":
        return this.mapRepeat();
      case "replace":
        return this.replace();
      case "protect":
        return this.#onMapped((span) => {
          const prot = this.random.pick(this.surroundings.prots);
          this.table.protect(span.iova, Number(span.size), prot);
          this.model.protect(span, prot);
        });
      case "unmap":
        return this.#onMapped((span) => {
          this.table.unmap(span.iova, Number(span.size));
          this.model.remove(span);
        });
      case "coalesce":
        return this.#onMapped((span) => void this.table.coalesce(span.iova, Number(span.size)));
      case "mapPages":
        return this.mapPages();
      case "unmapPages":
        return this.#onMapped((span) => this.unmapPages(span));
    }
  }

  map(): boolean {
    const place = this.places.free();
    if (place === null) return false;
    const prot = this.random.pick(this.surroundings.prots);
    this.table.map(place.iova, Number(place.paddr), Number(place.size), prot);
    this.model.add({ ...place, prot });
    return true;
  }

  mapPages(): boolean {
    const place = this.places.free();
    const size = this.places.leafSize();
    if (place === null || place.iova % size !== 0n || place.paddr % size !== 0n || place.size < size) return false;
    const prot = this.random.pick(this.surroundings.prots);
    const count = Number(place.size / size);
    const { mapped } = this.table.mapPages(place.iova, Number(place.paddr), Number(size), count, prot);
    if (mapped > 0) this.model.add({ ...place, size: BigInt(mapped), prot });
    return mapped > 0;
  }

  unmapPages({ iova, size }: Span): void {
    const pages = Number(size / this.page);
    const removed = this.table.unmapPages(iova, Number(this.page), pages);
    this.model.remove({ iova, size: BigInt(removed) });
  }

  replace(): boolean {
    const place = this.places.any();
    if (place === null) return false;
    const prot = this.random.pick(this.surroundings.prots);
    this.table.replace(place.iova, Number(place.paddr), Number(place.size), prot);
    this.model.remove(place);
    this.model.add({ ...place, prot });
    return true;
  }

  /** Scattered pages, neighbours among them. */
  mapList(): boolean {
    const count = 1 + this.random.below(MOST_LISTED);
    const place = this.places.small(this.page * BigInt(count));
    if (place === null) return false;
    const prot = this.random.pick(this.surroundings.prots);
    const pages: Paddr[] = [];
    for (let i = 0; i < count; i++) {
      const next = (pages.at(-1) ?? Number(place.paddr)) + Number(this.page);
      const scattered = this.random.chance(40) ? this.places.output(this.page, this.page, 0n) : null;
      pages.push(Number(scattered ?? BigInt(next)));
    }
    this.table.mapList(place.iova, pages, Number(this.page), prot);
    this.#addExtents(
      place.iova,
      pages.map((paddr) => ({ paddr, size: Number(this.page) })),
      prot,
    );
    return true;
  }

  mapSegments(): boolean {
    const segments = Array.from({ length: 1 + this.random.below(5) }, () => {
      const size = this.page * BigInt(1 + this.random.below(MOST_LISTED));
      return { paddr: Number(this.places.output(size, this.page, 0n)), size: Number(size) };
    });
    const total = segments.reduce((sum, { size }) => sum + BigInt(size), 0n);
    const place = this.places.small(total);
    if (place === null || segments.some(({ paddr }) => paddr === 0)) return false;
    const prot = this.random.pick(this.surroundings.prots);
    this.table.mapSegments(place.iova, segments, prot);
    this.#addExtents(place.iova, segments, prot);
    return true;
  }

  #addExtents(iova: bigint, extents: readonly { paddr: number; size: number }[], prot: number): void {
    let at = iova;
    for (const { paddr, size } of extents) {
      this.model.add({ iova: at, size: BigInt(size), paddr: BigInt(paddr), prot });
      at += BigInt(size);
    }
  }

  mapRepeat(): boolean {
    const place = this.places.free();
    if (place === null) return false;
    const prot = this.random.pick(this.surroundings.prots);
    const period = this.page * BigInt(this.random.chance(50) ? 1 : 1 + this.random.below(9));
    const paddr = this.places.output(period, this.page, 0n);
    if (paddr === null) return false;
    const phase = this.page * BigInt(this.random.below(Number(period / this.page)));
    const source = { paddr: Number(paddr), size: Number(period) };
    this.table.mapRepeat(place.iova, Number(place.size), source, prot, Number(phase));
    this.model.add({ iova: place.iova, size: place.size, paddr, prot, period, phase });
    return true;
  }

  /** A stretch around or inside something that is mapped, its ends at any page. */
  #onMapped(act: (span: Span) => void): boolean {
    const span = this.places.nearMapped();
    if (span === null) return false;
    act(span);
    return true;
  }

  /** First and last page of the input space are always worth a mapping. */
  mapEnds(): void {
    for (const range of inputRanges(this.surroundings.configuration)) {
      for (const iova of [range.iova, endOf(range) - this.page]) {
        const span = { iova, size: this.page };
        const paddr = this.places.output(this.page, this.page, 0n);
        if (paddr === null || this.model.meets(span) || this.places.isTaken(span)) continue;
        const prot = this.random.pick(this.surroundings.prots);
        this.table.map(iova, Number(paddr), Number(this.page), prot);
        this.model.add({ ...span, paddr, prot });
      }
    }
  }
}
