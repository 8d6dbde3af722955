/** Makes every recorded configuration, and compares what it became or that it is refused. */

import { open, openingDifference } from "./opening.js";
import type { InitResult } from "./records.js";
import { guarded } from "./replay.js";
import type { Tally } from "./tally.js";
import type { Variant } from "./variant.js";

/** @returns what differs, or null */
export function replayInit(line: string, init: InitResult, variant: Variant, tally: Tally): string | null {
  return guarded(() => {
    const opening = open(line, init, variant);
    if (opening.kind === "skipped") {
      tally.skip(opening.reason);
      return null;
    }
    tally.scenario();
    tally.compared();
    const difference = openingDifference(opening, init, tally);
    const left = opening.kind === "open" ? opening.session.destroy() : 0;
    if (difference === null && left !== 0) return `${line}\n  ${left} tables left`;
    return difference === null ? null : `${line}\n  ${difference}`;
  });
}
