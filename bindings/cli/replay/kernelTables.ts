import { readText } from "./input.js";
import type { Mark } from "./record.js";
import { UnusableInput } from "./unusableInput.js";

/** One leaf as the kernel had it in its RAM. */
export interface KernelLeaf {
  readonly iova: bigint;
  readonly paddr: bigint;
  readonly size: number;
  readonly raw: bigint;
  readonly level: number;
}

/** A table page by what it covers: where the kernel allocated it does not matter. */
export interface KernelTable {
  readonly iova: bigint;
  readonly level: number;
  readonly empty: boolean;
}

export interface DomainSnapshot {
  /** The kernel's format, by the name that the record gives it; null where it gives none. */
  readonly format: string | null;
  readonly levels: number | null;
  readonly leaves: readonly KernelLeaf[];
  readonly tables: readonly KernelTable[];
}

/** The table pages of a domain, as they lay in memory. */
export interface DomainImage {
  /** The kernel's format and how it was configured: `fmt`, `levels`, `t0sz`, `granule_log2`. */
  readonly params: ReadonlyMap<string, unknown>;
  /** By physical address: the words of 64 bits that are not zero, with their indexes in a page of 4 KiB. */
  readonly pages: ReadonlyMap<bigint, readonly (readonly [index: number, word: bigint])[]>;
}

/** Where a domain of a snapshot is found. */
export type Place = Pick<Mark, "tag" | "root">;

/** The fields of the SMMU's context descriptor that a page table's registers fill. */
export interface ContextDescriptor {
  readonly t0sz: number;
  readonly tg: number;
  readonly ips: number;
  readonly sh: number;
  readonly irgn: number;
  readonly orgn: number;
  readonly mair: bigint;
}

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function integer(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw new TypeError("a number is missing");
  return value;
}

function wide(value: unknown): bigint {
  if (typeof value !== "string" || !/^0x[0-9a-f]+$/.test(value)) throw new TypeError("an address is missing");
  return BigInt(value);
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new TypeError("a list is missing");
  return value;
}

function leafOf(value: unknown): KernelLeaf {
  const [iova, paddr, size, raw, level] = list(value);
  return { iova: wide(iova), paddr: wide(paddr), size: integer(size), raw: wide(raw), level: integer(level) };
}

function tableOf(value: unknown): KernelTable {
  if (!isObject(value)) throw new TypeError("a table is missing");
  return { iova: wide(value.iova_base), level: integer(value.level), empty: value.nonzero === 0 };
}

function contextOf(device: Json): ContextDescriptor | null {
  const fields = device.cd_fields;
  if (!isObject(fields)) return null;
  return {
    t0sz: integer(fields.T0SZ),
    tg: integer(fields.TG0),
    ips: integer(fields.IPS),
    sh: integer(fields.SH0),
    irgn: integer(fields.IR0),
    orgn: integer(fields.OR0),
    mair: wide(fields.MAIR),
  };
}

function wordOf(value: unknown): readonly [number, bigint] {
  const [index, word] = list(value);
  return [integer(index), wide(word)];
}

function imageOf(domain: Json): DomainImage {
  if (!isObject(domain.pages)) throw new TypeError("the table pages are missing");
  const params = isObject(domain.params) ? domain.params : {};
  return {
    params: new Map(Object.entries(params)),
    pages: new Map(Object.entries(domain.pages).map(([paddr, words]) => [wide(paddr), list(words).map(wordOf)])),
  };
}

/** The kernel's page tables as they stood in guest RAM at a few moments of a run. */
export class KernelTables {
  readonly #file: string;
  readonly #snapshots = new Map<string, Json>();
  readonly granule: number;

  private constructor(file: string, document: Json) {
    this.#file = file;
    this.granule = integer(document.granule);
    for (const snapshot of list(document.snapshots)) {
      if (isObject(snapshot)) this.#snapshots.set(String(snapshot.snapshot), snapshot);
    }
  }

  static async read(file: string): Promise<KernelTables> {
    const text = await readText(file);
    try {
      const document: unknown = JSON.parse(text);
      if (isObject(document)) return new KernelTables(file, document);
    } catch (error) {
      throw new UnusableInput(file, `not a file of page-table snapshots (${(error as Error).message})`);
    }
    throw new UnusableInput(file, "not a file of page-table snapshots");
  }

  /** @returns null where the snapshot has no domain with this root */
  domain(place: Place): DomainSnapshot | null {
    const found = this.#find(place);
    if (found === null) return null;
    const params = isObject(found.params) ? found.params : {};
    return this.#checked(() => ({
      format: typeof params.fmt === "string" ? params.fmt : null,
      levels: typeof params.levels === "number" ? params.levels : null,
      leaves: list(found.leaves).map(leafOf),
      tables: list(found.tables).map(tableOf),
    }));
  }

  /** The snapshots' names, in time order. */
  get tags(): readonly string[] {
    return [...this.#snapshots.keys()];
  }

  /** The roots of a snapshot's domains; null where there is no such snapshot. */
  roots(tag: string): readonly string[] | null {
    const domains = this.#snapshots.get(tag)?.domains;
    return isObject(domains) ? Object.keys(domains) : null;
  }

  /** @returns null where the snapshot has no domain with this root */
  image(place: Place): DomainImage | null {
    const found = this.#find(place);
    return found === null ? null : this.#checked(() => imageOf(found));
  }

  /** The context descriptor that points to this root, where the machine has such descriptors. */
  context(place: Place): ContextDescriptor | null {
    return this.#checked(() => {
      const device = this.#device(place);
      return device === null ? null : contextOf(device);
    });
  }

  /** A decoded field of the context entry (VT-d) or device table entry (AMD) that points to this root. */
  deviceField(place: Place, name: string): number | null {
    return this.#checked(() => {
      const value = this.#device(place)?.[name];
      return value === undefined ? null : integer(value);
    });
  }

  #device({ tag, root }: Place): Json | null {
    const devices = list(this.#snapshots.get(tag)?.devices ?? []);
    return devices.filter(isObject).find((device) => device.root === root) ?? null;
  }

  #find({ tag, root }: Place): Json | null {
    const visited = new Set<string>();
    for (let at = tag; !visited.has(at); ) {
      visited.add(at);
      const domains = this.#snapshots.get(at)?.domains;
      const domain = isObject(domains) ? domains[root] : undefined;
      if (!isObject(domain)) return null;
      const same = domain.same_as_snapshot;
      if (typeof same !== "string") return domain;
      at = same;
    }
    return null;
  }

  #checked<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof TypeError) throw new UnusableInput(this.#file, `a snapshot is damaged: ${error.message}`);
      throw error;
    }
  }
}
