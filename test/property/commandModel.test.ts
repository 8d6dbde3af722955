// Random sequences of calls against a list of leaves, on every configuration. After each call: what it returned, every
// reading of the table, the table pages it keeps and frees, and the flushes it asked for.
import fc from "fast-check";
import { describe, it } from "vitest";
import { SHAPES } from "../configurations/list.js";
import { commands } from "./commands.js";
import { LeafModel } from "./leafModel.js";
import { configureRuns } from "./seed.js";
import { Session, type SessionOptions } from "./session.js";

const options: fc.Arbitrary<SessionOptions> = fc.record({
  gatherRanges: fc.constantFrom("merge", "exact"),
  mapped: fc.boolean(),
});

// A table of the larger granules has up to 8192 entries and its leaves are listed one by one: few runs by default.
describe("the table agrees with a list of leaves", () => {
  it.each(SHAPES)("$name", (configuration) => {
    const sequence = fc.commands(commands, { maxCommands: 25, size: "max" });
    const property = fc.property(options, sequence, (sessionOptions, calls) => {
      const session = new Session(configuration, sessionOptions);
      const model = new LeafModel(configuration);
      fc.modelRun(() => ({ model, real: session }), calls);
      session.destroy();
    });
    fc.assert(property, configureRuns(configuration.pageSizes[0] === 0x1000n ? 15 : 2));
  });
});
