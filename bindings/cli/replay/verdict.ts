import type { CheckedReplay } from "./checkedReplay.js";
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

function equalText(replay: CheckedReplay, record: TraceRecord, target: ReplayTarget): string {
  const { differences, marks } = replay;
  if (marks.length > 0) {
    const leaves = marks.reduce((sum, mark) => sum + mark.leaves, 0);
    return `equal to the kernel's tables: ${count(leaves)} leaves at ${plural(marks.length, "mark")}`;
  }
  if (record.source === "ftrace") {
    const unmaps = plural(differences.made("unmap"), "unmap");
    return `equal to the trace: ${unmaps} removed what the kernel's did (ftrace shows no tables to compare)`;
  }
  const answers = ["map", "unmap", "look-up"] as const;
  const made = answers.map((name) => plural(differences.made(name), name)).join(", ");
  const why =
    target.comparesTables || record.machine === "arm" || record.machine === "unknown"
      ? "no snapshot of its tables to compare"
      : `its tables are another format's than ${target.format}`;
  return `equal to the kernel's answers: ${made} (${why})`;
}

export function verdictOf(replay: CheckedReplay, record: TraceRecord, target: ReplayTarget): Verdict {
  const equal = replay.differences.total === 0;
  return { equal, text: equal ? equalText(replay, record, target) : differenceText(replay) };
}
