// Page tables out of a kernel's memory: a file of snapshots holds the words that are not zero, page by page.
import { IoPageTable, TableMemory } from "io-pgtable";
import { formatOf, readerOf, type Setup } from "./formats.js";
import type { Source } from "./source.js";

const PAGE = 4096;
const WASM_PAGE = 65536;
const FORMATS: ReadonlyMap<unknown, string> = new Map([
  ["ARM_64_LPAE_S1", "armLpaeS1"],
  ["VTD_SS", "vtdSecondStage"],
  ["AMD_V1", "amdV1"],
]);

type Json = Record<string, unknown>;

/** One table of a file. */
export interface Place {
  readonly snapshot: string;
  readonly root: string;
  readonly domain: Json;
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The tables that a file holds, those with the most pages first.
 * @throws Error where it holds none
 */
export function placesOf(text: string): Place[] {
  const document: unknown = JSON.parse(text);
  const snapshots = isObject(document) && Array.isArray(document.snapshots) ? document.snapshots.filter(isObject) : [];
  const places = snapshots.flatMap(({ snapshot, domains }) =>
    Object.entries(isObject(domains) ? domains : {}).flatMap(([root, domain]) =>
      isObject(domain) && isObject(domain.pages) ? [{ snapshot: String(snapshot), root, domain }] : [],
    ),
  );
  if (places.length === 0) throw new Error("the file holds no snapshots of page tables");
  return places.sort((a, b) => pageCount(b) - pageCount(a));
}

export function pageCount({ domain }: Place): number {
  return isObject(domain.pages) ? Object.keys(domain.pages).length : 0;
}

function setupOf({ domain }: Place): Setup {
  const params = isObject(domain.params) ? domain.params : {};
  const format = FORMATS.get(params.fmt);
  if (format === undefined) throw new Error(`${String(params.fmt)} is a format that this page does not know`);
  const number = (name: string): number | null => (typeof params[name] === "number" ? (params[name] as number) : null);
  const [t0sz, levels] = [number("t0sz"), number("levels") ?? 4];
  const ias = t0sz === null ? Math.min(64, 12 + 9 * levels) : 64 - t0sz;
  return { format, ias, oas: format === "armLpaeS1" ? 48 : 52, page: number("granule_log2") ?? 12, extra: false };
}

/** A table that a kernel built, opened as the device would read it. */
export class TableImage implements Source {
  readonly setup: Setup;
  readonly reader;
  readonly table: IoPageTable;
  readonly #words = new Map<number, bigint>();

  constructor(place: Place) {
    this.setup = setupOf(place);
    this.reader = readerOf(this.setup);
    this.table = IoPageTable.open(this.#load(place), { format: formatOf(this.setup), root: Number(place.root) });
  }

  word(paddr: number): bigint {
    return this.#words.get(paddr) ?? 0n;
  }

  #load({ domain }: Place): TableMemory {
    const pages = Object.entries(isObject(domain.pages) ? domain.pages : {});
    const wasmPages = Math.ceil((pages.length * PAGE) / WASM_PAGE);
    const memory = new WebAssembly.Memory({ initial: wasmPages, maximum: wasmPages });
    const view = new DataView(memory.buffer);
    const windows = pages.map(([text, words], index) => {
      const physBase = Number(text);
      for (const [at, word] of words as [number, string][]) {
        view.setBigUint64(index * PAGE + at * 8, BigInt(word), true);
        this.#words.set(physBase + at * 8, BigInt(word));
      }
      return { offset: index * PAGE, bytes: PAGE, physBase };
    });
    // A table of 16K is four pages of the file, which have to lie side by side.
    return TableMemory.over(memory, { windows: joined(windows.sort((a, b) => a.physBase - b.physBase)) });
  }
}

interface Window {
  readonly offset: number;
  readonly bytes: number;
  readonly physBase: number;
}

function joined(windows: readonly Window[]): Window[] {
  const all: Window[] = [];
  for (const window of windows) {
    const last = all.at(-1);
    const follows =
      last !== undefined &&
      last.physBase + last.bytes === window.physBase &&
      last.offset + last.bytes === window.offset;
    if (follows) all[all.length - 1] = { ...last, bytes: last.bytes + window.bytes };
    else all.push(window);
  }
  return all;
}
