/** Makes the table of a recorded configuration, and judges whether ours should exist. */

import type { ErrorCode, Format } from "../../../bindings/index.js";
import { codeOf } from "./errorCode.js";
import { FlushRecorder } from "./flushRecorder.js";
import { plan } from "./formats.js";
import { initDifference } from "./initCheck.js";
import { parseNew } from "./newLine.js";
import type { InitResult } from "./records.js";
import { Session } from "./session.js";
import type { Tally } from "./tally.js";
import { type Hooks, Unsayable } from "./unsayable.js";
import type { Variant } from "./variant.js";

export type Opening =
  | { readonly kind: "skipped"; readonly reason: string }
  | { readonly kind: "refused"; readonly code: ErrorCode }
  | { readonly kind: "open"; readonly session: Session };

export function open(line: string, init: InitResult, variant: Variant): Opening {
  const config = parseNew(line);
  const recorder = new FlushRecorder(config.api, variant.backing.freed);
  const hooks: Hooks = {
    // The records name the level of the new root; the device's mode is how many levels there are.
    changeTop: (_root, mode) => recorder.topChanged(mode - 1),
    syncForDevice: () => {},
  };
  const planned = plan(config, hooks, init.ret !== 0);
  if (planned instanceof Unsayable) return { kind: "skipped", reason: `configuration: ${planned.reason}` };
  if (planned.format === null) return { kind: "skipped", reason: `format not built yet: ${config.format}` };
  const { format: makeFormat, gatherRanges } = planned;
  let session: Session | undefined;
  const code = codeOf(() => {
    const format: Format<unknown> = makeFormat();
    session = new Session(config, variant, recorder, format, gatherRanges);
  });
  if (session !== undefined) return { kind: "open", session };
  if (code === null) throw new Error(`neither a table nor an error: ${line}`);
  return { kind: "refused", code };
}

export function openingDifference(
  opening: Exclude<Opening, { kind: "skipped" }>,
  init: InitResult,
  tally: Tally,
): string | null {
  if (opening.kind === "refused") {
    if (init.ret === 0) return `refused with ${opening.code}, and Linux takes it`;
    if (refusals(init.ret).includes(opening.code)) return null;
    return `refused with ${opening.code}, and Linux with ${init.ret}`;
  }
  if (init.ret !== 0) return `constructed, and Linux refuses it with ${init.ret}`;
  const { net, allocated } = opening.session.opened;
  if (init.al !== net || (allocated ?? net) !== net) return `tables of the root: expected ${init.al}, got ${net}`;
  return initDifference(init, opening.session, tally);
}

/** io-pgtable gives no reason, and generic_pt says EOPNOTSUPP to a geometry that a format does not have, too. */
function refusals(ret: number | null): readonly ErrorCode[] {
  return ret === -22 ? ["EINVAL"] : ["EINVAL", "ENOTSUP"];
}
