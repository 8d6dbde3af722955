// Random sequences of calls against a list of leaves, on every configuration. After each call: what it returned, every
// reading of the table, the table pages it keeps and frees, the flushes it asked for, and what the worst device could still do.
import fc from "fast-check";
import { describe, it } from "vitest";
import { CONFIGURATIONS, SHAPES } from "../configurations/list.js";
import { commands } from "./commands.js";
import { LeafModel } from "./leafModel.js";
import { configureRuns } from "./seed.js";
import { Session, type SessionOptions } from "./session.js";

const options: fc.Arbitrary<SessionOptions> = fc.record({
  gatherRanges: fc.constantFrom("merge", "exact"),
  mapped: fc.boolean(),
  watched: fc.boolean(),
});

/** What is like none of the shapes in how tables are cut up, addressed or joined. */
const MORE_SHAPES = [
  "v7s",
  "v7s, MediaTek",
  "DART 4K, four roots",
  "DART 16K",
  "DART2 16K",
  "S1 4K, contiguous hint",
  "S1 16K, contiguous hint, dirty bits",
  "S1 64K, contiguous hint, 52 bits",
  "S2 4K, contiguous hint, root of two tables",
  "x86-64, 48 bits signed",
  "RISC-V Sv39, NAPOT, signed",
  "AMDv1, without pages",
  "VT-d, not coherent",
].map((name) => {
  const row = CONFIGURATIONS.find((configuration) => configuration.name === name);
  if (row === undefined) throw new Error(`no configuration is called ${name}`);
  return row;
});

// A table of the larger granules has up to 8192 entries and its leaves are listed one by one: few runs by default.
describe("the table agrees with a list of leaves", () => {
  it.each([...SHAPES, ...MORE_SHAPES])("$name", (configuration) => {
    const sequence = fc.commands(commands, { maxCommands: 25, size: "max" });
    const property = fc.property(options, sequence, (sessionOptions, calls) => {
      const session = new Session(configuration, sessionOptions);
      const model = new LeafModel(configuration);
      fc.modelRun(() => ({ model, real: session }), calls);
      session.destroy();
    });
    fc.assert(property, configureRuns(configuration.pageSizes[0] === 0x1000n ? 6 : 1));
  });
});
