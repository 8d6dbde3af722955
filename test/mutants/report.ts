// The totals of a run, and each mutant that survived.
import { explanationOf } from "./explained/index.js";
import { type Mutation, nameOf } from "./mutations.js";
import type { Result } from "./results.js";

type Judged = readonly (readonly [Mutation, Result])[];
type Say = (line: string) => void;

/** @returns whether each survivor is explained, and nothing that is explained was noticed */
export function report(judged: Judged, say: Say): boolean {
  const noticed = judged.filter(([, { ending }]) => ending !== "survived");
  for (const [ending, count] of counted(noticed.map(([, result]) => result.ending))) say(`  ${ending}: ${count}`);
  const folders = noticed.flatMap(([, { test }]) => /^test(\/\w+){2}/.exec(test ?? "")?.[0] ?? []);
  for (const [folder, count] of counted(folders)) say(`    noticed by ${folder}: ${count}`);
  const survivors = judged.filter(([, { ending }]) => ending === "survived");
  const open = survivors.filter(([mutation]) => explanationOf(mutation) === undefined);
  say(`  survived and explained: ${survivors.length - open.length}`);
  say(`  survived, not explained: ${open.length}`);
  for (const [mutation, { passed }] of open) {
    say(`    ${nameOf(mutation)}   in: ${mutation.text}`);
    say(`      passed ${passed?.tests} tests, ${passed?.all ? "all" : "the quickest"} of those that come by it`);
  }
  return reportWrong(noticed, say) && open.length === 0;
}

/** An explanation says that no test can notice. */
function reportWrong(noticed: Judged, say: Say): boolean {
  const wrong = noticed.filter(([mutation, { ending }]) => ending !== "does not compile" && explanationOf(mutation));
  for (const [mutation, { test, why }] of wrong) {
    say(`  explained, and noticed: ${nameOf(mutation)}   by: ${test}: ${why}`);
  }
  return wrong.length === 0;
}

/** How often each stands there, the most frequent first. */
function counted<T>(all: readonly T[]): (readonly [T, number])[] {
  const counts = new Map<T, number>();
  for (const one of all) counts.set(one, (counts.get(one) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}
