// Mutants that no test can notice, and why: nothing that the library promises changes. Known by the text of their line or by their function, so that what changed is asked again.
import type { Mutation } from "../mutations.js";
import { CARVING } from "./carving.js";
import { CHANGES } from "./changes.js";
import type { Explained } from "./explained.js";
import { FORMATS } from "./formats.js";
import { LISTS } from "./lists.js";
import { MAPPING } from "./mapping.js";
import { MEMORY } from "./memory.js";
import { POOL } from "./pool.js";
import { READING } from "./reading.js";
import { SHORT_WAYS } from "./shortWays.js";
import { WRITING } from "./writing.js";

const EXPLAINED: readonly Explained[] = [
  ...CARVING,
  ...CHANGES,
  ...FORMATS,
  ...LISTS,
  ...MAPPING,
  ...MEMORY,
  ...POOL,
  ...READING,
  ...SHORT_WAYS,
  ...WRITING,
  {
    files: ["assembly/core/", "assembly/memory/"],
    within: "",
    text: /^let \w+: (u32|u64|i32|f64|usize|bool) = (0|64|false|<u64>-1);/,
    why: "a value before the first operation, which each operation sets before it reads it: all tests pass with all of these changed at once",
  },
];

export function explanationOf(mutation: Mutation): string | undefined {
  return EXPLAINED.find((one) => fits(one, mutation))?.why;
}

function fits({ files, text, line, within, old, nth }: Explained, mutation: Mutation): boolean {
  return (
    (line === undefined || line === mutation.text) &&
    (nth === undefined || nth === mutation.occurrence) &&
    files.some((file) => mutation.file.startsWith(file)) &&
    (text === undefined || text.test(mutation.text)) &&
    (within === undefined || within === mutation.within) &&
    (old === undefined || old === mutation.old)
  );
}
