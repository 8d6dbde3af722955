// Runs in a copy of the project that has the tiny formats. How much, its environment says.
import { appendFileSync } from "node:fs";
import { describe, test } from "vitest";
import { Explorer } from "./explore.js";
import { allOperations, allPlaces, gatheredAt, leafPlaces, mainOperations, type Operation } from "./operations.js";
import { inputBits, SHAPES, type TinyConfig } from "./tiny.js";

const FULL = process.env.IO_PGTABLE_FULL === "1";
const RESULTS = process.env.IO_PGTABLE_RESULTS ?? "";
const HOURS = 3_600_000;

/** A table, and how much of it is tried: in the short form, and in full. */
interface Plan {
  readonly config: TinyConfig;
  readonly short: Extent;
  readonly full: Extent;
}
interface Extent {
  /** The length of the sequences of main operations that are all run. */
  readonly sequences: number;
  /** The length of those whose last step is tried on each table that the others lead to, once. */
  readonly onEachTable: number;
  /** The length of those whose last step is any operation at all, at any range. */
  readonly anything: number;
}

const three: TinyConfig = { shape: SHAPES.one, levels: 3 };
const two: TinyConfig = { shape: SHAPES.two, levels: 2 };
const PLANS: Record<string, Plan> = {
  "three levels of 1 bit": {
    config: three,
    short: { sequences: 1, onEachTable: 2, anything: 2 },
    full: { sequences: 3, onEachTable: 4, anything: 3 },
  },
  "three levels of 1 bit, break-before-make": {
    config: { ...three, breakBeforeMake: "always" },
    short: { sequences: 1, onEachTable: 2, anything: 1 },
    full: { sequences: 2, onEachTable: 4, anything: 3 },
  },
  "two levels of 2 bits": {
    config: two,
    short: { sequences: 1, onEachTable: 2, anything: 1 },
    full: { sequences: 2, onEachTable: 3, anything: 2 },
  },
  "two levels of 2 bits, pairs as contiguous leaves, break-before-make": {
    config: { ...two, pairs: true, breakBeforeMake: "always" },
    short: { sequences: 1, onEachTable: 1, anything: 1 },
    full: { sequences: 2, onEachTable: 3, anything: 2 },
  },
  "two levels of 2 bits, a walker that does not snoop": {
    config: { ...two, syncForDevice: () => undefined },
    short: { sequences: 1, onEachTable: 1, anything: 1 },
    full: { sequences: 2, onEachTable: 3, anything: 2 },
  },
};

describe.each(Object.entries(PLANS))("%s", (name, { config, short, full }) => {
  const pages = 2 ** (inputBits(config) - 11);
  const places = leafPlaces(config, pages);
  const main = mainOperations(places, pages);
  const anything = [...allOperations(allPlaces(pages), pages), ...gatheredAt(places)];
  const extent = FULL ? full : short;

  const run = (what: string, explore: (explorer: Explorer) => void) => {
    const start = Date.now();
    const explorer = new Explorer(config);
    explore(explorer);
    explorer.finish();
    const { sequences, operations, tables } = explorer;
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    const line = `${name}: ${what}: ${sequences} sequences, ${operations} operations, ${tables} tables, ${seconds} s`;
    appendFileSync(RESULTS, `${line}\n`);
  };
  const onTables = (length: number, last: readonly Operation[]) =>
    run(`sequences of up to ${length}, of ${main.length} operations and at last one of ${last.length}`, (explorer) => {
      explorer.everyTable(main, length - 1, last);
    });

  test("every sequence", { timeout: HOURS }, () => {
    run(`every sequence of up to ${extent.sequences} of ${main.length} operations`, (explorer) => {
      explorer.everySequence(main, extent.sequences);
    });
  });

  test("every operation on every table", { timeout: HOURS }, () => onTables(extent.onEachTable, main));

  test("anything on every table", { timeout: HOURS }, () => onTables(extent.anything, anything));
});
