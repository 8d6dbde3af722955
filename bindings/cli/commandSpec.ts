// What a command is: the one source of its parser, its help and its page in docs/cli.md.
import type { CommandLine } from "./commandLine.js";
import type { ProgressStream } from "./replay/progress.js";

/** Where a command reads its surroundings from and writes to. */
export interface CommandContext {
  readonly out: ProgressStream;
  readonly err: ProgressStream;
  readonly noColour: boolean;
}

/** 0: yes, or done; 1: the answer is no; 2: the input or the command line cannot be used. */
export type ExitStatus = 0 | 1 | 2;

export interface OptionSpec {
  readonly name: string;
  readonly short?: string;
  /** What stands for the value in the help; absent for a flag. */
  readonly value?: string;
  /** It may be given several times. */
  readonly repeated?: boolean;
  readonly text: string;
}

export interface ExampleSpec {
  readonly command: string;
  /** What it prints, where that is short: shown in docs/cli.md, and compared by a test. */
  readonly prints?: string;
}

/** What an example prints, line by line. */
export function lines(...texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}

export interface CommandSpec {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** What follows the name, one form for each. */
  readonly usage: readonly string[];
  /** Paragraphs; one that begins with "- " is an item of a list. */
  readonly about: readonly string[];
  readonly options: readonly OptionSpec[];
  /** Paragraphs behind the options. */
  readonly notes?: readonly string[];
  /** When it ends with status 0, and with 1 where it can. */
  readonly success: string;
  readonly failure?: string;
  readonly examples: readonly ExampleSpec[];
  readonly run: (line: CommandLine, context: CommandContext) => Promise<ExitStatus> | ExitStatus;
}

/** What every command takes. */
export const COMMON_OPTIONS: readonly OptionSpec[] = [
  { name: "json", text: 'the result as JSON, for programs; addresses are text such as "0x1000"' },
  { name: "help", short: "h", text: "this text" },
];

export function optionsOf(spec: CommandSpec): readonly OptionSpec[] {
  return [...spec.options, ...COMMON_OPTIONS];
}

/** When it ends with which status, in one sentence. */
export function statusText({ success, failure }: CommandSpec): string {
  const no = failure === undefined ? "" : `, 1 ${failure}`;
  return `Exit status: 0 ${success}${no}, 2 the input or the command line cannot be used.`;
}
