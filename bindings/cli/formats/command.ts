import { CATALOGUE } from "../../formats/catalogue.js";
import type { CommandLine } from "../commandLine.js";
import type { CommandContext, CommandSpec, ExitStatus } from "../commandSpec.js";
import { jsonText } from "../json.js";
import { formatTable } from "./formatTable.js";
import { type Survey, survey } from "./survey.js";

/** The table of the README. */
export function allFormats(): string {
  return formatTable(CATALOGUE.map(survey));
}

function surveyJson({ facts, ...found }: Survey): object {
  const { name, walkers, manual, linux, usual } = facts;
  return { name, walkers, manual, linux: linux ?? null, usual, ...found };
}

function run(line: CommandLine, { out }: CommandContext): ExitStatus {
  line.expectWords(0, 0, "no arguments");
  out.write(line.flag("json") ? jsonText(CATALOGUE.map(survey).map(surveyJson)) : allFormats());
  return 0;
}

export const FORMATS: CommandSpec = {
  name: "formats",
  summary: "prints what the page-table formats can hold",
  usage: ["[options]"],
  about: [
    "Prints what the formats can hold, as a table in Markdown. It is found out by making each format with all address sizes, granules and options; what a format refuses is not in the table.",
  ],
  options: [],
  success: "always",
  examples: [{ command: "npx io-pgtable formats" }, { command: "npx io-pgtable formats --json | jq '.[].name'" }],
  run,
};
