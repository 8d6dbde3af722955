// Which tests a mutant is put through, and in which order: those that come by it; the quick ones first, and those that often notice.
import type { Numbered, Sources } from "./choices.js";
import { functionAround } from "./functions.js";
import type { Known } from "./preparation.js";

/** How often a test notices of which nothing is known. */
const UNKNOWN = 0.05;

export class Order {
  readonly #noticed: number[];
  readonly #passed: number[];
  readonly #left = new Set<number>();

  constructor(
    private readonly known: readonly Known[],
    private readonly mutants: readonly Numbered[],
    private readonly apart: ReadonlySet<number>,
    private readonly sources: Sources,
    /** Tests of files whose path contains this. */
    private readonly files = "",
  ) {
    this.#noticed = known.map(() => 0);
    this.#passed = known.map(() => 0);
    for (const [test, { why }] of known.entries()) if (why !== null) this.leaveOut(test);
  }

  /** Only some of the tests are asked. */
  get isPartial(): boolean {
    return this.files !== "";
  }

  /** A test that says nothing by itself. */
  leaveOut(test: number): void {
    this.#left.add(test);
  }

  hasNoticed(test: number): void {
    this.#noticed[test] = (this.#noticed[test] ?? 0) + 1;
  }

  hasPassed(test: number): void {
    this.#passed[test] = (this.#passed[test] ?? 0) + 1;
  }

  /** By name, as results tell it. */
  haveNoticed(names: readonly (string | undefined)[]): void {
    const tests = new Map(this.known.map(({ name }, test) => [name, test]));
    for (const name of names) {
      const test = tests.get(name ?? "");
      if (test !== undefined) this.hasNoticed(test);
    }
  }

  /**
   * @param budget milliseconds
   * @param after only tests that changed after this
   */
  testsFor(
    mutant: Numbered,
    budget: number,
    after: number,
  ): { readonly tests: readonly number[]; readonly all: boolean } {
    const ids = this.#idsFor(mutant);
    const cost = (test: number): number => {
      const [noticed, passed] = [this.#noticed[test] ?? 0, this.#passed[test] ?? 0];
      return (this.milliseconds(test) * (1 + noticed + passed)) / (UNKNOWN + noticed);
    };
    const tests = this.known
      .flatMap(({ name, since, reached }, test) => {
        const asked = since > after && !this.#left.has(test) && fileOf(name).includes(this.files);
        const comesBy = asked && ids.some((id) => has(reached, id));
        return comesBy ? test : [];
      })
      .sort((a, b) => cost(a) - cost(b));
    let time = 0;
    const within = tests.filter((test) => {
      time += this.milliseconds(test);
      return time <= budget;
    });
    return { tests: within, all: within.length === tests.length };
  }

  milliseconds(test: number): number {
    return 0.2 + (this.known[test]?.milliseconds ?? 0);
  }

  /** Of a mutant that has a build of its own: those around it in its function, else in its file. Any file may read a constant. */
  #idsFor({ id, mutation }: Numbered): number[] {
    if (!this.apart.has(id)) return [id];
    const chosen = this.mutants.filter((one) => !this.apart.has(one.id));
    const around = functionAround(mutation, this.sources);
    if (around === undefined) return chosen.map((one) => one.id);
    const inFile = chosen.filter((one) => one.mutation.file === mutation.file);
    const inFunction = inFile.filter(({ mutation: one }) => around.from <= one.from && one.to <= around.to);
    return (inFunction.length === 0 ? inFile : inFunction).map((one) => one.id);
  }
}

const fileOf = (name: string): string => name.slice(0, name.indexOf(" > "));

function has(reached: BigUint64Array, id: number): boolean {
  return (((reached[id >> 6] ?? 0n) >> BigInt(id & 63)) & 1n) === 1n;
}
