// Puts one mutant through the tests that come by it.
import type { Numbered, Sources } from "./choices.js";
import { explanationOf } from "./explained/index.js";
import type { Judge, Verdict } from "./judges.js";
import { keyOf } from "./mutations.js";
import type { Order } from "./order.js";
import type { Prepared } from "./preparation.js";
import type { Ending, Passed, Result } from "./results.js";
import { buildApart } from "./schemata.js";

/** A test that takes this many times as long as without a mutant, and some seconds, hangs. */
const HANG_TIMES = 30;
const HANG_MS = 5000;
/** What is explained is put through the quickest tests only. */
const EXPLAINED_SHARE = 0.1;

const NOTHING: Passed = { tests: 0, all: true, milliseconds: 0, when: 0 };

type Outcome = Omit<Result, "key">;
type Build = Uint8Array<ArrayBuffer> | null;

export class Trial {
  constructor(
    private readonly judge: Judge,
    private readonly order: Order,
    private readonly sources: Sources,
    private readonly prepared: Prepared,
    private readonly budget: number,
  ) {}

  /** A survivor of an earlier run is put through the tests that have changed since; through all of them, where they may take longer now. */
  async of(mutant: Numbered, earlier: Result | undefined): Promise<Result> {
    const passed = earlier?.passed;
    if (earlier !== undefined && passed === undefined) return earlier;
    const milliseconds = this.budget * (explanationOf(mutant.mutation) === undefined ? 1 : EXPLAINED_SHARE);
    if (earlier !== undefined && this.order.isPartial) {
      const result = { key: earlier.key, ...(await this.#tried(mutant, NOTHING, milliseconds)) };
      return result.ending === "survived" ? earlier : result;
    }
    const before = passed !== undefined && (passed.all || milliseconds <= passed.milliseconds) ? passed : NOTHING;
    if (earlier !== undefined && before === passed) {
      if (this.order.testsFor(mutant, milliseconds, before.when).tests.length === 0) return earlier;
    }
    return { key: keyOf(mutant.mutation), ...(await this.#tried(mutant, before, milliseconds)) };
  }

  async #tried(mutant: Numbered, before: Passed, milliseconds: number): Promise<Outcome> {
    if (!this.prepared.schemata.apart.has(mutant.id)) return this.#outcome(mutant, null, before, milliseconds);
    const built = await buildApart(this.sources, mutant);
    if (built.kind === "compiled") return this.#outcome(mutant, built.wasm, before, milliseconds);
    return { ending: "does not compile", why: built.refusals[0]?.why ?? "" };
  }

  async #outcome(mutant: Numbered, build: Build, before: Passed, milliseconds: number): Promise<Outcome> {
    const patience = (test: number): number => HANG_MS + HANG_TIMES * this.order.milliseconds(test);
    while (true) {
      const { tests, all } = this.order.testsFor(mutant, milliseconds, before.when);
      const verdict = await this.judge.judge(mutant.id, build, tests, patience);
      this.#learn(tests, verdict);
      if (verdict.kind === "passed") {
        const when = Date.now();
        const passed = {
          tests: before.tests + tests.length,
          all: before.all && all && !this.order.isPartial,
          milliseconds,
          when,
        };
        return { ending: "survived", passed };
      }
      const test = this.prepared.tests[verdict.test]?.name ?? "";
      if (verdict.kind === "hangs") return { ending: "hung", test };
      if (verdict.kind === "died") return { ending: "died", test, why: verdict.why };
      if (verdict.sound) return { ending: endingOf(verdict.why), test, why: verdict.why };
      // It fails without the mutant as well: by itself, or since something was left behind.
      this.order.leaveOut(verdict.test);
      await this.judge.end();
    }
  }

  #learn(tests: readonly number[], verdict: Verdict): void {
    const end = verdict.kind === "passed" ? tests.length : tests.indexOf(verdict.test);
    for (const test of tests.slice(0, end)) this.order.hasPassed(test);
    if (verdict.kind === "failed" && verdict.sound) this.order.hasNoticed(verdict.test);
  }
}

function endingOf(why: string): Ending {
  return why.startsWith("RuntimeError") ? "trapped" : "failed";
}
