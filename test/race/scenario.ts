// What realms do at once: units of addresses, who has which, and how a unit is mapped. All of it follows from numbers, so that a table of one realm can be
// made to the same end.
import { type IoPageTable, type IoPgtableError, Prot } from "../../bindings/index.js";
import type { Configuration } from "../configurations/configuration.js";
import { CONFIGURATIONS } from "../configurations/list.js";

/** How the units of the realms lie. */
export const PATTERNS = ["neighbours", "interleaved", "disjoint", "whole tables", "handed over"] as const;
export type Pattern = (typeof PATTERNS)[number];

export interface Scenario {
  /** The configuration's name. */
  readonly configuration: string;
  readonly pattern: Pattern;
  readonly realms: number;
  readonly steps: number;
  readonly seed: number;
  /** Bytes of the memory: few, and the pool runs dry. */
  readonly bytes: number;
}

const nothing = (): void => undefined;
/** No device reads these tables. */
export const NO_FLUSH = { flushAll: nothing, flushWalk: nothing, flushRange: nothing };

export function configurationOf({ configuration }: Scenario): Configuration {
  const found = CONFIGURATIONS.find(({ name }) => name === configuration);
  if (found === undefined) throw new Error(`no configuration is called ${configuration}`);
  return found;
}

/** Pages of a small unit. */
const PAGES = 4n;
const UNITS = { small: 512, tables: 40 };
/** Neighbours in one table of smallest leaves, far from each other there. */
const NEIGHBOURS = 4;
/** Units on either side of a border that are worked on. */
const BORDER = 20;
/** Where each unit is mapped to changes with each map; so many places. */
const PLACES = 8;

/** A stamp is what a unit was last mapped by: 0 = nothing, else a number whose remainder says how. */
export const METHODS = ["map", "mapList", "mapSegments", "mapPages", "mapRange"] as const;

export class Units {
  readonly count: number;
  readonly size: number;
  private readonly stride: bigint;
  private readonly page: number;
  private readonly base: bigint;

  constructor(
    c: Configuration,
    private readonly pattern: Pattern,
  ) {
    const page = c.pageSizes[0] ?? 4096n;
    const span = 2n ** BigInt(c.shifts[1] ?? 30);
    const tables = pattern === "whole tables" || pattern === "handed over";
    this.page = Number(page);
    this.size = Number(tables ? span : page * PAGES);
    this.stride = pattern === "neighbours" ? span / BigInt(NEIGHBOURS) : BigInt(this.size);
    this.count = tables ? UNITS.tables : pattern === "neighbours" ? UNITS.tables * NEIGHBOURS : UNITS.small;
    // In the middle of a table, and of those above it: the units lie on both sides of a border.
    const middle = c.base + 2n ** BigInt(Math.min(c.ias - 1, 30));
    const isWithin = pattern === "interleaved" || pattern === "disjoint";
    this.base = middle - BigInt(this.count / 2) * this.stride - (isWithin ? 3n * page * PAGES : 0n);
  }

  iova(unit: number): bigint {
    return this.base + BigInt(unit) * this.stride;
  }

  /** The realm that has a unit at a step. */
  owner(unit: number, step: number, realms: number): number {
    if (this.pattern === "disjoint") return Math.floor((unit * realms) / this.count);
    return (unit + (this.pattern === "handed over" ? step : 0)) % realms;
  }

  /** Where all realms work at a step: slowly onwards, so that units are unmapped again; at the border of those that lie in blocks. */
  focus(step: number): number {
    if (this.pattern === "disjoint") return this.count / 2 - BORDER + ((step * 3) % BORDER);
    return (step * 3) % this.count;
  }

  paddr(unit: number, stamp: number): number {
    return (unit * PLACES + (stamp % PLACES)) * 2 * this.size;
  }

  /** Map a unit as its stamp says. @returns whether it is mapped now; if not, for want of table pages, nothing of it is */
  map(table: IoPageTable, unit: number, stamp: number): boolean {
    const [iova, paddr, { size, page }] = [this.iova(unit), this.paddr(unit, stamp), this];
    const prot = Prot.READ | Prot.WRITE;
    const count = size / page;
    // Every other page, so that none join.
    const pages = Array.from({ length: count }, (_, i) => paddr + 2 * i * page);
    const method = METHODS[stamp % METHODS.length];
    if (method === "mapPages" || method === "mapRange") {
      const { mapped, error } =
        method === "mapPages"
          ? table.mapPages(iova, paddr, page, count, prot)
          : table.mapRange(iova, paddr, size, prot);
      if (mapped === size) return true;
      if (error !== "ENOMEM") throw new Error(`${method} of unit ${unit}: ${mapped} of ${size} bytes, ${error}`);
      if (mapped !== 0) table.unmap(iova, mapped);
      return false;
    }
    try {
      if (method === "mapList") table.mapList(iova, pages, page, prot);
      else if (method === "mapSegments")
        table.mapSegments(
          iova,
          pages.map((at) => ({ paddr: at, size: page })),
          prot,
        );
      else table.map(iova, paddr, size, prot);
      return true;
    } catch (error) {
      if ((error as IoPgtableError).code === "ENOMEM") return false;
      throw error;
    }
  }

  /** Unmap a unit, one way or another. */
  unmap(table: IoPageTable, unit: number, stamp: number, way: number, gather: ReturnType<IoPageTable["gather"]>): void {
    const [iova, { size, page }] = [this.iova(unit), this];
    const method = METHODS[stamp % METHODS.length];
    const into = way % 2 === 0 ? gather : undefined;
    let unmapped: number;
    if (method === "mapPages" && way % 3 === 0) unmapped = table.unmapPages(iova, page, size / page, into);
    else if (way % 3 === 1) unmapped = table.unmapRange(iova, size, into);
    else unmapped = table.unmap(iova, size, into === undefined ? {} : { gather: into });
    if (unmapped !== size) throw new Error(`unmapping unit ${unit} (${method}) took ${unmapped} of ${size} bytes`);
  }

  /** @throws Error where a page of the unit is not what the stamp says */
  check(table: IoPageTable, unit: number, stamp: number): void {
    const method = METHODS[stamp % METHODS.length];
    const apart = method === "mapList" || method === "mapSegments";
    const last = this.size / this.page - 1;
    for (const index of [0, 1, last]) {
      const found = table.iovaToPhys(this.iova(unit) + BigInt(index * this.page) + 5n);
      const paddr = this.paddr(unit, stamp) + (apart ? 2 : 1) * index * this.page + 5;
      const expected = stamp === 0 ? null : paddr;
      if (found !== expected) throw new Error(`unit ${unit}, page ${index} (${method}): ${found} is not ${expected}`);
    }
  }
}
