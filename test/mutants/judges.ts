// The threads that judge, and what ends one that does not come back.
import { join } from "node:path";
import { type ResourceLimits, Worker } from "node:worker_threads";
import type { Answer, JudgeData, Measured, Task } from "./judgeTasks.js";

/** What a judge found out about a mutant. */
export type Verdict =
  | { readonly kind: "passed" }
  | { readonly kind: "failed"; readonly test: number; readonly why: string; readonly sound: boolean }
  | { readonly kind: "hangs"; readonly test: number }
  | { readonly kind: "died"; readonly test: number; readonly why: string };

const LIMITS: ResourceLimits = { maxOldGenerationSizeMb: 2048 };
const SEED = "1";
const WATCH_MS = 200;

export class Judge {
  readonly #progress = new Int32Array(new SharedArrayBuffer(8));
  #worker: Worker | undefined;
  /** The tests, in the order of their numbers. */
  names: readonly string[] = [];

  constructor(
    private readonly folder: string,
    private readonly files: readonly string[],
  ) {}

  /** What each test takes and reaches; in a build that notes. */
  async measure(
    build: Uint8Array<ArrayBuffer>,
    words: number,
    say: (line: string) => void,
  ): Promise<readonly Measured[]> {
    const told = setInterval(() => say(`  test ${this.#test} of ${this.names.length}`), 30_000);
    const answer = await this.#ask({ kind: "measure", build, words }, () => Number.POSITIVE_INFINITY);
    clearInterval(told);
    if (answer !== "late" && !(answer instanceof Error) && answer.kind === "measured") return answer.measured;
    throw new Error(`without a mutant, test ${this.names[this.#test]} ends the thread`);
  }

  /** @param patience how long a test may take, in milliseconds */
  async judge(
    mutant: number,
    build: Uint8Array<ArrayBuffer> | null,
    tests: readonly number[],
    patience: (test: number) => number,
  ): Promise<Verdict> {
    const answer = await this.#ask({ kind: "judge", mutant, build, tests }, patience);
    const test = this.#test;
    if (answer === "late") return { kind: "hangs", test };
    if (answer instanceof Error) return { kind: "died", test, why: answer.message };
    if (answer.kind !== "judged") throw new Error(`a judge answered ${answer.kind}`);
    return answer.noticed === null ? { kind: "passed" } : { kind: "failed", ...answer.noticed, sound: answer.sound };
  }

  async end(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  get #test(): number {
    return Atomics.load(this.#progress, 0);
  }

  async #started(): Promise<Worker> {
    if (this.#worker !== undefined) return this.#worker;
    const workerData: JudgeData = { files: this.files, progress: this.#progress };
    const env = { ...process.env, IO_PGTABLE_SEED: SEED };
    const worker = new Worker(join(this.folder, "test/mutants/judge.js"), {
      workerData,
      env,
      resourceLimits: LIMITS,
      stdout: true,
      stderr: true,
    });
    const ready = await new Promise<Answer>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    worker.removeAllListeners("error");
    if (ready.kind === "ready") this.names = ready.names;
    this.#worker = worker;
    return worker;
  }

  /** A thread that is late or has ended is followed by another one. */
  async #ask(task: Task, patience: (test: number) => number): Promise<Answer | Error | "late"> {
    const worker = await this.#started();
    let timer: ReturnType<typeof setInterval> | undefined;
    const answer = await new Promise<Answer | Error | "late">((resolve) => {
      worker.once("message", resolve);
      worker.once("error", resolve);
      worker.postMessage(task);
      timer = this.#watch(patience, () => resolve("late"));
    });
    clearInterval(timer);
    for (const event of ["message", "error"]) worker.removeAllListeners(event);
    if (answer === "late" || answer instanceof Error) await this.end();
    return answer;
  }

  #watch(patience: (test: number) => number, late: () => void): ReturnType<typeof setInterval> {
    let seen = -1;
    let since = performance.now();
    return setInterval(() => {
      const begun = Atomics.load(this.#progress, 1);
      if (begun !== seen) {
        seen = begun;
        since = performance.now();
      } else if (performance.now() - since > patience(this.#test)) late();
    }, WATCH_MS);
  }
}
