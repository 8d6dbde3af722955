// Random calls on a table of the library's own, around a few places so that they meet.
import { Access, type Gather, type IoPageTable, Prot } from "../../bindings/index.js";
import type { Configuration } from "../configurations/configuration.js";
import { choose, type Random } from "../programs/random.js";
import { randomBits, randomIova } from "./hostileWords.js";

/** A call by name, with arguments of its own. */
export type Call = (table: IoPageTable, gather: Gather) => unknown;

/** Elements taken of what may be endless. */
const TAKEN = 20;
const DIRTY_PAGES = 64;
const PROTS = [
  Prot.READ | Prot.WRITE,
  Prot.READ | Prot.WRITE | Prot.CACHE,
  Prot.WRITE,
  Prot.READ | Prot.WRITE | Prot.NOEXEC,
];

export class Calls {
  /** The middle of each place. */
  private readonly places: readonly bigint[];
  private readonly page: number;

  constructor(
    private readonly c: Configuration,
    private readonly random: Random,
  ) {
    const largest = c.pageSizes.at(1) ?? c.pageSizes[0] ?? 4096n;
    this.places = [randomIova(c, random, largest), randomIova(c, random, largest)];
    this.page = Number(c.pageSizes[0] ?? 4096n);
  }

  /** One of the mutating calls, or a reading one now and then. */
  next(): [string, Call] {
    return choose(this.random, this.random(4) === 0 ? this.readings() : this.changes());
  }

  private changes(): [string, Call][] {
    const { page, random } = this;
    const iova = this.iova();
    const size = this.size();
    const paddr = this.paddr();
    const prot = choose(random, PROTS);
    const list = Array.from({ length: 1 + random(6) }, () => this.paddr());
    const pageSize = Number(choose(random, this.c.pageSizes));
    const partial = choose(random, ["split", "whole", "refuse"] as const);
    const into = (gather: Gather): Gather | undefined => (random(3) === 0 ? gather : undefined);
    const optional = (gather: Gather): { gather?: Gather } => (random(3) === 0 ? { gather } : {});
    const source = { paddr, size: page * (1 + random(3)) };
    return [
      ["map", (table) => table.map(iova, paddr, size, prot)],
      ["mapList", (table) => table.mapList(iova, list, page, prot)],
      ["mapRepeat", (table) => table.mapRepeat(iova, size, source, prot)],
      ["replace", (table, gather) => table.replace(iova, paddr, size, prot, into(gather))],
      ["unmap", (table, gather) => table.unmap(iova, size, { partial, ...optional(gather) })],
      ["unmap", (table) => table.unmap(iova, size)],
      ["protect", (table, gather) => table.protect(iova, size, prot, into(gather))],
      ["coalesce", (table, gather) => table.coalesce(iova, size, into(gather))],
      ["trim", (table, gather) => table.trim(into(gather))],
      ["mapPages", (table) => table.mapPages(iova, paddr, pageSize, 1 + random(4), prot)],
      ["unmapPages", (table, gather) => table.unmapPages(iova, pageSize, 1 + random(4), into(gather))],
      ["mapRange", (table) => table.mapRange(iova, paddr, size, prot)],
      ["unmapRange", (table, gather) => table.unmapRange(iova, size, into(gather))],
      ["sync", (_, gather) => gather.sync()],
    ];
  }

  private readings(): [string, Call][] {
    const iova = this.iova();
    const bitmap = new Uint8Array(DIRTY_PAGES / 8);
    const clear = this.random(2) === 0;
    const take = (items: Iterator<unknown>): void => {
      for (let i = 0; i < TAKEN && !items.next().done; i++);
    };
    const readDirty: Call = (table) => table.readDirty(iova, this.page * DIRTY_PAGES, bitmap, { clear });
    return [
      ["iovaToPhys", (table) => table.iovaToPhys(iova)],
      ["access", (table) => table.access(Number(iova), Access.READ)],
      ["translate", (table) => table.translate(BigUint64Array.of(iova, iova + 8n), new Float64Array(2))],
      ["walk", (table) => table.walk(iova)],
      ["mappings", (table) => take(table.mappings(iova, this.page * DIRTY_PAGES))],
      ["mappings", (table) => take(table.mappings())],
      ["dumpLines", (table) => take(table.dumpLines())],
      ["stats", (table) => table.stats()],
      ...(this.c.dirty === null ? [] : [["readDirty", readDirty] satisfies [string, Call]]),
    ];
  }

  private iova(): bigint {
    const spread = BigInt(this.page) * BigInt(this.random(600));
    const space = this.c.space === "upper" ? BigInt.asUintN(64, this.c.base) : 0n;
    const at = choose(this.random, this.places) + spread;
    const inSpace = (BigInt.asUintN(this.c.ias, at) | space) & ~BigInt(this.page - 1);
    return this.c.space === "signed" ? at & ~BigInt(this.page - 1) : inSpace;
  }

  /** A few pages, or something of the size of a leaf. */
  private size(): number {
    const leaf = Number(choose(this.random, this.c.pageSizes.slice(0, 3)));
    return this.random(2) === 0 ? this.page * (1 + this.random(20)) : leaf;
  }

  private paddr(): number {
    const align = choose(this.random, this.c.pageSizes.slice(0, 2));
    return Number(randomBits(this.c.paddrBits - 1, this.random) & ~(align - 1n));
  }
}
