// The page tables that running kernels left in their memory, and beside each the list of leaves that another program found in it.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

const TRACES = fileURLToPath(new URL("../../../examples/traces/", import.meta.url));
const SUFFIX = ".tables.json.gz";

/** A leaf as the other program lists it. */
export interface ListedLeaf {
  readonly iova: bigint;
  readonly paddr: bigint;
  readonly size: number;
  readonly raw: bigint;
  readonly level: number;
}

export interface RealTable {
  /** Record, snapshot and root. */
  readonly name: string;
  readonly kernelFormat: string;
  readonly levels: number;
  readonly granule: number;
  readonly root: bigint;
  readonly leaves: readonly ListedLeaf[];
  /** Physical addresses of the table pages, as the other program found them. */
  readonly tables: readonly bigint[];
  /** Memory in pieces of 4 KiB, zeros left out: physical address to `[index, word]`. */
  readonly pages: ReadonlyMap<bigint, readonly (readonly [number, bigint])[]>;
}

interface Domain {
  same_as_snapshot?: string;
  params: { fmt: string; levels: number };
  leaves: [string, string, number, string, number][];
  tables: { pa: string }[];
  pages: Record<string, [number, string][]>;
}

interface Document {
  name: string;
  granule: number;
  snapshots: { snapshot: string; domains: Record<string, Domain> }[];
}

export function recordNames(): string[] {
  return readdirSync(TRACES)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort();
}

/** Every table of a record in every state that it was found in. */
export function realTables(record: string): RealTable[] {
  const document = JSON.parse(gunzipSync(readFileSync(`${TRACES}${record}${SUFFIX}`)).toString()) as Document;
  return document.snapshots.flatMap(({ snapshot, domains }) =>
    Object.entries(domains)
      .filter(([, domain]) => domain.same_as_snapshot === undefined)
      .map(([root, domain]) => tableOf(`${record}, ${snapshot}, ${root}`, document.granule, root, domain)),
  );
}

function tableOf(name: string, granule: number, root: string, domain: Domain): RealTable {
  return {
    name,
    kernelFormat: domain.params.fmt,
    levels: domain.params.levels,
    granule,
    root: BigInt(root),
    leaves: domain.leaves.map(([iova, paddr, size, raw, level]) => ({
      iova: BigInt(iova),
      paddr: BigInt(paddr),
      size,
      raw: BigInt(raw),
      level,
    })),
    tables: domain.tables.map(({ pa }) => BigInt(pa)),
    pages: new Map(
      Object.entries(domain.pages).map(([paddr, words]) => [
        BigInt(paddr),
        words.map(([index, word]) => [index, BigInt(word)] as const),
      ]),
    ),
  };
}
