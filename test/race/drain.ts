// Taking every table page that is left: a page that two have was freed twice, and one that nobody gets is lost.
import { IoPageTable, type TableMemory } from "../../bindings/index.js";
import { memoryState } from "../../bindings/tableMemory.js";
import type { Configuration } from "../configurations/configuration.js";
import { NO_FLUSH } from "./scenario.js";

/** The pool has no smaller pages. */
const SMALLEST_LG2 = 10;

/** All pages for tables that this realm can get. @returns where they are */
export function drain(c: Configuration, memory: TableMemory): number[] {
  const { core } = memoryState(memory, "drain");
  const [leaves = 12, above = 21] = c.shifts;
  const lg2 = Math.max(above - leaves + c.itemLg2, SMALLEST_LG2);
  const pages: number[] = [];
  for (let page = core.takePage(lg2) >>> 0; page !== 0; page = core.takePage(lg2) >>> 0) pages.push(page);
  return pages;
}

/** Pages that can be had after a table came and went in which nothing was ever mapped. */
export function capacity(c: Configuration, memory: TableMemory): number {
  new IoPageTable(memory, { format: c.format(), flush: NO_FLUSH }).destroy();
  return drain(c, memory).length;
}
