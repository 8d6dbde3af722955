import { type CommandSpec, type OptionSpec, optionsOf, statusText } from "./commandSpec.js";

const WIDTH = 100;
const TEXT_COLUMN = 20;

/** Breaks a paragraph into lines of at most `room`; `indent` stands before all but the first. */
export function wrap(text: string, indent: string = "", room: number = WIDTH): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${indent}`);
}

function paragraph(text: string): string {
  return text.startsWith("- ") ? `  - ${wrap(text.slice(2), "    ", WIDTH - 4)}` : wrap(text);
}

/** Items of one list follow each other without an empty line. */
function paragraphs(texts: readonly string[]): string {
  return texts.map((text, index) => `${index > 0 && !text.startsWith("- ") ? "\n" : ""}${paragraph(text)}\n`).join("");
}

export function optionName({ name, short, value }: OptionSpec): string {
  const long = `--${name}${value === undefined ? "" : ` ${value}`}`;
  return short === undefined ? long : `-${short}, ${long}`;
}

function optionText(option: OptionSpec): string {
  const name = `  ${optionName(option)}`;
  const indent = " ".repeat(TEXT_COLUMN);
  const text = wrap(option.text, indent, WIDTH - TEXT_COLUMN);
  return name.length < TEXT_COLUMN - 1 ? `${name.padEnd(TEXT_COLUMN)}${text}\n` : `${name}\n${indent}${text}\n`;
}

/** The help of one command. */
export function helpText(spec: CommandSpec): string {
  const parts = [
    `${spec.usage.map((usage) => `io-pgtable ${spec.name} ${usage}`.trimEnd()).join("\n")}\n`,
    paragraphs(spec.about),
    `Options:\n${optionsOf(spec).map(optionText).join("")}`,
    ...(spec.notes === undefined ? [] : [paragraphs(spec.notes)]),
    `${wrap(statusText(spec))}\n`,
    `Examples:\n${spec.examples.map(({ command }) => `  ${command}\n`).join("")}`,
  ];
  return parts.join("\n");
}

/** The help of `io-pgtable` alone. */
export function overviewText(specs: readonly CommandSpec[]): string {
  const lines = specs.map(({ name, summary }) => `  ${name.padEnd(10)}${wrap(summary, " ".repeat(12), WIDTH - 12)}\n`);
  return [
    "io-pgtable COMMAND ...\n",
    lines.join(""),
    "io-pgtable COMMAND --help tells more of each. Results go to stdout; progress, on a terminal, to stderr.",
    "NO_COLOR=1 leaves colours out. Every command takes --json.\n",
  ].join("\n");
}
