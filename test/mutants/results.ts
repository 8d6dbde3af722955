// What is known of mutants from this run and earlier ones; a run goes on where the last one stopped.
import { existsSync, readFileSync, writeFileSync } from "node:fs";

export interface Result {
  readonly name: string;
  readonly text: string;
  /** The stage that noticed it, "does not compile", or null: it survived. */
  readonly noticed: string | null;
  /** The first test that failed, or that it never ended. */
  readonly how: string;
}

export class Results {
  private readonly known: Map<string, Result>;

  constructor(private readonly file: string) {
    const read = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Result[]) : [];
    this.known = new Map(read.map((result) => [result.name, result]));
  }

  /** An earlier result counts while the line is the same. */
  of(name: string, text: string): Result | undefined {
    const result = this.known.get(name);
    return result?.text === text ? result : undefined;
  }

  add(result: Result): void {
    this.known.set(result.name, result);
    writeFileSync(this.file, `${JSON.stringify([...this.known.values()], null, 1)}\n`);
  }
}
