// What is known of mutants from this run and earlier ones; a run goes on where the last one stopped.
import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** How a mutant ended: a test failed, or did not end, or the core trapped, or the compiler refused it; or no test noticed. */
export type Ending = "failed" | "hung" | "trapped" | "died" | "does not compile" | "survived";

export interface Result {
  /** The mutant. */
  readonly key: string;
  readonly ending: Ending;
  /** The test that noticed. */
  readonly test?: string;
  /** Why it failed; or the compiler's words. */
  readonly why?: string;
  readonly passed?: Passed;
}

/** What a survivor was put through. */
export interface Passed {
  readonly tests: number;
  /** Those are all that come by it. */
  readonly all: boolean;
  /** How much time they could take. */
  readonly milliseconds: number;
  /** Tests that changed after this have not been tried. */
  readonly when: number;
}

const WRITE_EVERY_MS = 5000;

export class Results {
  private readonly known: Map<string, Result>;
  private written = 0;

  constructor(private readonly file: string) {
    const read = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Result[]) : [];
    this.known = new Map(read.map((result) => [result.key, result]));
  }

  of(key: string): Result | undefined {
    return this.known.get(key);
  }

  all(): readonly Result[] {
    return [...this.known.values()];
  }

  add(result: Result): void {
    this.known.set(result.key, result);
    if (performance.now() - this.written > WRITE_EVERY_MS) this.write();
  }

  write(): void {
    this.written = performance.now();
    writeFileSync(this.file, `${JSON.stringify([...this.known.values()], null, 1)}\n`);
  }
}
