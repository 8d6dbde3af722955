import { amdTarget } from "./amdTarget.js";
import { armTarget } from "./armTarget.js";
import { type FormatOptions, factsOf, formatTarget } from "./formatTarget.js";
import type { KernelTables } from "./kernelTables.js";
import type { Machine, TraceRecord } from "./record.js";
import type { ReplayTarget } from "./target.js";
import { vtdTarget } from "./vtdTarget.js";

export interface TargetOptions extends FormatOptions {
  /** Default: the format of the record's own machine; for ftrace, which does not tell, that of the Arm SMMU. */
  readonly format?: string | undefined;
  /** By map and unmap, also on the format of its own machine: so that formats can be compared. */
  readonly asRequests?: boolean | undefined;
}

/** A record of calls that shows no invalidations is taken for the SMMU's. */
const OWN_FORMAT: Readonly<Record<Machine, string>> = {
  arm: "armLpaeS1",
  unknown: "armLpaeS1",
  intel: "vtdSecondStage",
  amd: "amdV1",
};

function ownTarget(record: TraceRecord, tables: KernelTables | null): ReplayTarget {
  if (record.machine === "intel") return vtdTarget(record, tables);
  if (record.machine === "amd") return amdTarget();
  return armTarget(record, tables);
}

/** @throws UnusableOption where there is no such format, or it cannot be configured so */
export function chooseTarget(record: TraceRecord, tables: KernelTables | null, options: TargetOptions): ReplayTarget {
  const own = OWN_FORMAT[record.machine];
  const { format = own, ias, oas, pageSize } = options;
  const asRecorded = !options.asRequests && ias === undefined && oas === undefined && pageSize === undefined;
  if (record.source === "calls" && format === own && asRecorded) return ownTarget(record, tables);
  return formatTarget(factsOf(format), record, options);
}
