import { pageSize, runs, sizesText } from "../replay/numberText.js";
import type { OptionSurvey, Shape, Survey } from "./survey.js";

const numbersText = (values: readonly number[]): string => runs(values, (value) => value + 1, String);

/** One text where all granules have the same, else each with the granules that have it. */
function byGranule(shapes: readonly Shape[], text: (shape: Shape) => string): string {
  const granules = new Map<string, string[]>();
  for (const shape of shapes) {
    granules.set(text(shape), [...(granules.get(text(shape)) ?? []), pageSize(shape.granule)]);
  }
  const [first] = granules.keys();
  if (granules.size === 1 && first !== undefined) return first;
  return [...granules].map(([each, names]) => `${names.join(", ")}: ${each}`).join("; ");
}

/** From the least to the most, whatever the granule. */
function span(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? String(least) : `${least}..${most}`;
}

function structureText({ facts, shapes }: Survey): string {
  const parts = [span(shapes.flatMap(({ levels }) => levels))];
  const roots = shapes.flatMap((shape) => shape.roots);
  if (Math.max(...roots) > 1) parts.push(`${span(roots)} roots`);
  if (facts.structure !== undefined) parts.push(facts.structure);
  return parts.join("; ");
}

function optionText(option: OptionSurvey): string {
  const effects: string[] = [];
  if (option.needs !== null) effects.push(`with \`${option.needs}\``);
  if (option.space === "signed") effects.push("both halves of a sign-extended space");
  if (option.space === "upper") effects.push("the upper end of the 64-bit space");
  if (option.grows) effects.push("the root grows");
  if (option.dirty) effects.push("dirty tracking");
  if (option.levels > 0) effects.push(`${option.levels} levels`);
  if (option.ias > 0) effects.push(`\`ias\` to ${option.ias}`);
  if (option.oas > 0) effects.push(`\`oas\` to ${option.oas}`);
  if (option.sizes.length > 0) effects.push(`leaves of ${option.sizes.map(sizesText).join("; ")}`);
  return effects.length === 0 ? `\`${option.name}\`` : `\`${option.name}\` (${effects.join(", ")})`;
}

/** What every configuration can have. */
function commonFeatures({ incoherent, dirty }: Survey): string[] {
  return [...(dirty ? ["dirty tracking"] : []), ...(incoherent ? ["`coherentWalk: false`"] : [])];
}

function linuxText(survey: Survey): string {
  const texts = survey.options.filter(({ from }) => from === "linux").map(optionText);
  return [...(survey.facts.linux === undefined ? [] : commonFeatures(survey)), ...texts].join(", ");
}

function oursText(survey: Survey): string {
  const { facts, options, memoryTypes, shareability } = survey;
  const texts = facts.linux === undefined ? commonFeatures(survey) : [];
  texts.push(...options.filter(({ from }) => from === "ours").map(optionText));
  if (memoryTypes > 0) texts.push(`${memoryTypes} memory types`);
  if (shareability) texts.push("shareability");
  return texts.join(", ");
}

const COLUMNS: readonly (readonly [string, (survey: Survey) => string])[] = [
  ["function", ({ facts }) => `\`${facts.name}\``],
  ["tables of", ({ facts }) => facts.walkers],
  ["in Linux", ({ facts: { linux } }) => (linux === undefined ? "no" : `\`${linux.name}\` of ${linux.part}`)],
  ["levels", structureText],
  ["leaf sizes", ({ shapes }) => shapes.map(({ sizes }) => sizesText(sizes)).join("; ")],
  ["`ias`, input bits", ({ shapes }) => byGranule(shapes, ({ ias }) => numbersText(ias))],
  ["`oas`, output bits", ({ shapes }) => byGranule(shapes, ({ oas }) => numbersText(oas))],
  ["features, as in Linux", linuxText],
  ["beyond Linux", oursText],
];

/** The table of the formats, in Markdown. */
export function formatTable(surveys: readonly Survey[]): string {
  const cells = [COLUMNS.map(([title]) => title), ...surveys.map((each) => COLUMNS.map(([, text]) => text(each)))];
  const widths = COLUMNS.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |\n`;
  const [titles = [], ...rows] = cells;
  return [line(titles), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("");
}
