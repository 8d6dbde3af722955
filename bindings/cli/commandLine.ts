import { parseArgs } from "node:util";
import { type CommandSpec, optionsOf } from "./commandSpec.js";
import { UnusableOption } from "./replay/unusableInput.js";

type Value = string | boolean | undefined;

/** The arguments of a command, taken apart. */
export class CommandLine {
  readonly words: readonly string[];
  readonly #values: ReadonlyMap<string, readonly Value[]>;

  /** @throws UnusableOption for an option that the command does not have, or one without its value */
  constructor(spec: CommandSpec, args: readonly string[]) {
    const entries = optionsOf(spec).map(({ name, short, value }) => {
      const option = { type: value === undefined ? ("boolean" as const) : ("string" as const), multiple: true };
      return [name, short === undefined ? option : { ...option, short }] as const;
    });
    try {
      const { values, positionals } = parseArgs({
        args: [...args],
        allowPositionals: true,
        options: Object.fromEntries(entries),
      });
      this.words = positionals;
      this.#values = new Map(Object.entries(values).map(([name, given]) => [name, [given].flat()]));
    } catch (error) {
      throw new UnusableOption(`${firstLine(error)} (--help tells the options)`);
    }
    const twice = optionsOf(spec).find(({ name, repeated, value }) => {
      return repeated !== true && value !== undefined && (this.#values.get(name)?.length ?? 0) > 1;
    });
    if (twice !== undefined) throw new UnusableOption(`--${twice.name} is given more than once`);
  }

  flag(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | undefined {
    return this.texts(name).at(-1);
  }

  /** The values of an option that may be given several times. */
  texts(name: string): string[] {
    return (this.#values.get(name) ?? []).filter((value) => typeof value === "string");
  }

  /** The words, of which there have to be from `least` to `most`. */
  expectWords(least: number, most: number, what: string): readonly string[] {
    const { length } = this.words;
    if (length >= least && length <= most) return this.words;
    throw new UnusableOption(`give ${what} (--help tells more)`);
  }
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n")[0]?.replace(/\. .*$/, "") ?? message;
}
