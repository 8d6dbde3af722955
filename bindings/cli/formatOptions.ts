// --format and what configures it: the same for all commands that read or make entries.
import { CATALOGUE } from "../formats/catalogue.js";
import type { ConfiguredFormat } from "../formats/describe.js";
import type { CommonConfig } from "../formats/format.js";
import { specOf } from "../formats/format.js";
import type { CommandLine } from "./commandLine.js";
import type { OptionSpec } from "./commandSpec.js";
import { makeFrom } from "./formats/granules.js";
import { factsOf } from "./replay/formatTarget.js";
import { pageSize } from "./replay/numberText.js";
import { bitsOption, pageSizeOption } from "./replay/optionValues.js";
import { UnusableOption } from "./replay/unusableInput.js";

export const FORMAT_NAMES: string = CATALOGUE.map(({ name }) => name).join(", ");

/** How a format is configured. */
export const CONFIGURATION: readonly OptionSpec[] = [
  { name: "ias", value: "BITS", text: "input address bits; default the format's usual ones" },
  { name: "oas", value: "BITS", text: "output address bits; default the format's usual ones" },
  { name: "page-size", value: "SIZE", text: "the smallest leaf, which chooses the granule: 4K, 16K, 64K" },
  {
    name: "with",
    value: "NAME[=VALUE]",
    repeated: true,
    text: "a quirk or an option of the format, such as ARM_HD, contiguousHint or encryptionBit=47; may be given again",
  },
];

/** What a format is configured with where the command line does not say. */
export type Defaults = Partial<CommonConfig> & Readonly<Record<string, unknown>>;

function optionValue(text: string | undefined): unknown {
  if (text === undefined || text === "true") return true;
  if (text === "false") return false;
  if (text.includes(",")) return text.split(",").map(Number);
  return /^(?:0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : text;
}

/** Quirks are a list of names; all else that a configuration has is set by its name. */
function given(line: CommandLine, quirks: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const config: Record<string, unknown> = {};
  const names: string[] = [];
  for (const text of line.texts("with")) {
    const [name = "", value] = text.split("=", 2);
    if (name in quirks) names.push(name);
    else config[name] = optionValue(value);
  }
  return names.length === 0 ? config : { ...config, quirks: names };
}

/**
 * The format of this name, configured as the command line says.
 * @throws UnusableOption where it cannot be had; IoPgtableError where the format itself refuses
 */
export function configuredFormat(name: string, line: CommandLine, defaults: Defaults = {}): ConfiguredFormat {
  const facts = factsOf(name);
  const own = given(line, facts.quirks);
  const known = new Set([...Object.keys(facts.options), "quirks", "coherentWalk"]);
  const unknown = Object.keys(own).find((option) => !known.has(option));
  if (unknown !== undefined) {
    const names = [...Object.keys(facts.quirks), ...Object.keys(facts.options), "coherentWalk=false"].join(", ");
    throw new UnusableOption(`--with ${unknown}: ${name} has no such quirk or option; there are ${names}`);
  }
  const ias = bitsOption("--ias", line.text("ias")) ?? defaults.ias ?? facts.usual.ias;
  const oas = bitsOption("--oas", line.text("oas")) ?? defaults.oas ?? facts.usual.oas;
  const smallest = pageSizeOption("--page-size", line.text("page-size"));
  const config: CommonConfig = { ...defaults, ...own, ias, oas };
  if (smallest !== undefined) {
    const made = makeFrom((each) => facts.make({ ...config, ...each }), smallest, { ias, oas });
    if (made === null) throw new UnusableOption(`${name} has no table of smallest leaves of ${pageSize(smallest)}`);
    config.pageSizes = made.pageSizes;
  }
  const spec = specOf(facts.make(config));
  if (spec === undefined) throw new UnusableOption(`${name} cannot be made`);
  return { facts, config, spec };
}
