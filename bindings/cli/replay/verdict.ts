import type { CheckedReplay } from "./checkedReplay.js";
import type { LeftOut } from "./leaveOut.js";
import { count, plural } from "./numberText.js";
import type { TraceRecord } from "./record.js";
import type { Verdict } from "./report.js";
import type { ReplayTarget } from "./target.js";

function differenceText(replay: CheckedReplay): string {
  const { total, first, checks } = replay.differences;
  const kinds = [...checks]
    .filter(([, { differ }]) => differ > 0)
    .map(([name, { differ }]) => `${name} ${count(differ)}`);
  const where = first[0] ? `, the first at line ${count(first[0].line)}` : "";
  return `DIFFERENT: ${plural(total, "difference")} (${kinds.join(", ")})${where}`;
}

const RELOCATED =
  "every request was mapped and unmapped whole (at addresses of its own: nothing of the kernel's to compare)";

/** Why no snapshot of the kernel's tables was compared. */
function noTables(record: TraceRecord): string {
  return record.source === "ftrace" ? "ftrace shows no tables to compare" : "no snapshot of its tables to compare";
}

/** How the record was changed before it was replayed. */
export interface Changed {
  readonly leftOut: LeftOut | null;
  readonly relocated: boolean;
}

function equalText({ differences, marks }: CheckedReplay, record: TraceRecord, target: ReplayTarget): string {
  if (marks.length > 0) {
    const leaves = count(marks.reduce((sum, mark) => sum + mark.leaves, 0));
    const at = plural(marks.length, "mark");
    if (target.entries !== null) return `equal to the kernel's tables: ${leaves} leaves at ${at}`;
    return `equal to the kernel's mappings: addresses and permissions of ${leaves} leaves at ${at} (its tables are of another format or geometry)`;
  }
  if (record.source === "ftrace") {
    const unmaps = plural(differences.made("unmap"), "unmap");
    return `equal to the trace: ${unmaps} removed what the kernel's did (${noTables(record)})`;
  }
  const answers = ["map", "unmap", "look-up"] as const;
  const made = answers.map((name) => plural(differences.made(name), name)).join(", ");
  return `equal to the kernel's answers: ${made} (${noTables(record)})`;
}

/** What an equal verdict does not cover. */
function exceptions({ differences }: CheckedReplay, leftOut: LeftOut | null): string {
  const deliberate = [...differences.deliberate.values()].reduce((sum, times) => sum + times, 0);
  const parts: string[] = [];
  if (deliberate > 0) parts.push(plural(deliberate, "deliberate difference"));
  if (leftOut !== null) parts.push(`${plural(leftOut.maps, "map")} left out`);
  return parts.length === 0 ? "" : `; but for ${parts.join(" and ")}, as above`;
}

export function verdictOf(
  replay: CheckedReplay,
  record: TraceRecord,
  target: ReplayTarget,
  { leftOut, relocated }: Changed,
): Verdict {
  const equal = replay.differences.total === 0;
  if (!equal) return { equal, text: differenceText(replay) };
  const text = relocated ? RELOCATED : equalText(replay, record, target);
  return { equal, text: text + exceptions(replay, leftOut) };
}
