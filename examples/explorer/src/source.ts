import type { IoPageTable } from "io-pgtable";
import type { EntryReader } from "io-pgtable/entries";
import type { Setup } from "./formats.js";

/** A table to be drawn, wherever it comes from. */
export interface Source {
  readonly setup: Setup;
  readonly table: IoPageTable;
  readonly reader: EntryReader;
  /** The entry at a physical address. */
  word(paddr: number): bigint;
}
