/** The recorded operations: one line each, words separated by spaces, numbers 0x.. or decimal. */

/** The io-pgtable calls count pages of one size, the generic_pt calls take a range; other lines mean the same in both. */
export type Api = "io-pgtable" | "generic_pt";

export type Operation =
  | {
      readonly kind: "mapPages";
      readonly iova: bigint;
      readonly paddr: bigint;
      readonly pageSize: bigint;
      readonly count: bigint;
      readonly prot: number;
    }
  | {
      readonly kind: "unmapPages";
      readonly iova: bigint;
      readonly pageSize: bigint;
      readonly count: bigint;
      /** Linux ran it with a queued gather, or with none; either way it names no leaf at once. */
      readonly deferred: boolean;
    }
  | MapRange<"mapRange">
  /** Linux's iommu_map: split into calls by page size on io-pgtable, rolled back when it fails. */
  | MapRange<"coreMap">
  | { readonly kind: "unmapRange"; readonly iova: bigint; readonly size: bigint; readonly deferred: boolean }
  | UnmapRange<"coreUnmap">
  /** The same gather from one `gunmap` to the next, until `gsync`. */
  | UnmapRange<"gatherUnmap">
  | { readonly kind: "gatherSync" }
  | { readonly kind: "phys" | "walk"; readonly iova: bigint }
  | DirtyRead
  /** What the hardware does when it writes through a leaf that may become dirty (ARM), and Linux's own call for that. */
  | { readonly kind: "hardwareDirty" | "setDirty"; readonly iova: bigint }
  | { readonly kind: "info" | "dump" | "free" };

export interface DirtyRead {
  readonly kind: "dirty";
  readonly iova: bigint;
  readonly size: bigint;
  readonly clear: boolean;
}

interface MapRange<Kind> {
  readonly kind: Kind;
  readonly iova: bigint;
  readonly paddr: bigint;
  readonly size: bigint;
  readonly prot: number;
}

interface UnmapRange<Kind> {
  readonly kind: Kind;
  readonly iova: bigint;
  readonly size: bigint;
}

/** IOMMU_DIRTY_NO_CLEAR */
const NO_CLEAR = 1n;

export function parseOperation(line: string, api: Api): Operation {
  const words = new Words(line);
  const operation = api === "io-pgtable" ? parsePaged(words) : parseRanged(words);
  words.end();
  return operation;
}

/** Whether the core's own map or unmap is among these lines. */
export function usesCore(lines: readonly string[]): boolean {
  return lines.some((line) => /^(cmap|cunmap) /.test(line));
}

function parsePaged(words: Words): Operation {
  switch (words.name) {
    case "map":
      return {
        kind: "mapPages",
        iova: words.number(),
        paddr: words.number(),
        pageSize: words.number(),
        count: words.number(),
        prot: Number(words.number()),
      };
    case "unmap":
      return {
        kind: "unmapPages",
        iova: words.number(),
        pageSize: words.number(),
        count: words.number(),
        deferred: words.flag("q", "n"),
      };
    case "hwdirty":
      return { kind: "hardwareDirty", iova: words.number() };
    default:
      return parseCommon(words);
  }
}

function parseRanged(words: Words): Operation {
  switch (words.name) {
    case "map":
      return parseMapRange("mapRange", words);
    case "unmap":
      return { kind: "unmapRange", iova: words.number(), size: words.number(), deferred: words.flag("q") };
    case "gunmap":
      return { kind: "gatherUnmap", iova: words.number(), size: words.number() };
    case "gsync":
      return { kind: "gatherSync" };
    case "setdirty":
      return { kind: "setDirty", iova: words.number() };
    case "info":
      return { kind: "info" };
    default:
      return parseCommon(words);
  }
}

function parseCommon(words: Words): Operation {
  switch (words.name) {
    case "cmap":
      return parseMapRange("coreMap", words);
    case "cunmap": {
      const operation = { kind: "coreUnmap", iova: words.number(), size: words.number() } as const;
      // The recorder read no further: with "q" too it synced at once.
      words.flag("q");
      return operation;
    }
    case "phys":
    case "walk":
      return { kind: words.name, iova: words.number() };
    case "dirty":
      return {
        kind: "dirty",
        iova: words.number(),
        size: words.number(),
        clear: (words.number() & NO_CLEAR) === 0n,
      };
    case "dump":
      words.flag("full");
      return { kind: "dump" };
    case "free":
      return { kind: "free" };
    default:
      throw new Error(`unknown operation: ${words.line}`);
  }
}

function parseMapRange<Kind>(kind: Kind, words: Words): MapRange<Kind> {
  return {
    kind,
    iova: words.number(),
    paddr: words.number(),
    size: words.number(),
    prot: Number(words.number()),
  };
}

class Words {
  readonly name: string;
  private readonly rest: string[];

  constructor(readonly line: string) {
    const [name = "", ...rest] = line.split(" ");
    this.name = name;
    this.rest = rest;
  }

  number(): bigint {
    const word = this.rest.shift();
    if (word === undefined || !/^(0x[0-9a-f]+|\d+)$/.test(word)) throw new Error(`a number is missing: ${this.line}`);
    return BigInt(word);
  }

  flag(...names: readonly string[]): boolean {
    if (this.rest[0] === undefined || !names.includes(this.rest[0])) return false;
    this.rest.shift();
    return true;
  }

  end(): void {
    if (this.rest.length > 0) throw new Error(`words left over: ${this.line}`);
  }
}
