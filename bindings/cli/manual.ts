// docs/cli.md, from what the commands themselves are made of.
import { type CommandSpec, optionsOf, statusText } from "./commandSpec.js";
import { optionName } from "./help.js";

const INTRODUCTION = `# The command

\`npx io-pgtable COMMAND\`, or \`node dist/cli.js COMMAND\` in a clone. Results go to stdout, errors to stderr in one line; progress is
shown on stderr, and only on a terminal. Verdicts are coloured on a terminal unless \`NO_COLOR\` is set. Every command takes \`--json\` and
\`--help\`.

This page is made by \`npm run docs:cli -- --write\` from the same source as the help.
`;

const markdown = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = rows;
  return `${[line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n")}\n`;
}

function paragraphs(texts: readonly string[]): string {
  return texts
    .map(
      (text, index) =>
        `${index > 0 && !(text.startsWith("- ") && texts[index - 1]?.startsWith("- ")) ? "\n" : ""}${markdown(text)}\n`,
    )
    .join("");
}

function exampleText({ examples }: CommandSpec): string {
  const commands = examples.map(({ command, prints }) => `$ ${command}\n${prints ?? ""}`);
  return `\`\`\`console\n${commands.join("")}\`\`\`\n`;
}

function section(spec: CommandSpec): string {
  const usage = spec.usage.map((form) => `io-pgtable ${spec.name} ${form}`.trimEnd()).join("\n");
  const options = optionsOf(spec).map((option) => [`\`${optionName(option)}\``, markdown(option.text)]);
  return [
    `## ${spec.name}\n`,
    `${markdown(spec.summary)}\n`,
    `\`\`\`text\n${usage}\n\`\`\`\n`,
    paragraphs(spec.about),
    table([["option", "meaning"], ...options]),
    ...(spec.notes === undefined ? [] : [paragraphs(spec.notes)]),
    `${markdown(statusText(spec))}\n`,
    exampleText(spec),
  ].join("\n");
}

/** The page of all commands. */
export function manualText(specs: readonly CommandSpec[]): string {
  const list = specs.map(({ name, summary }) => [`[\`${name}\`](#${name})`, markdown(summary)]);
  return [INTRODUCTION, table([["command", "what it does"], ...list]), ...specs.map(section)].join("\n");
}
