import { CATALOGUE } from "../../formats/catalogue.js";
import { formatTable } from "./formatTable.js";
import { survey } from "./survey.js";

const HELP = `io-pgtable formats

Prints what the formats can hold, as a table in Markdown. It is found out by making each format with all address
sizes, granules and options; what a format refuses is not in the table.
`;

export interface FormatsContext {
  readonly out: { write(text: string): unknown };
  readonly err: { write(text: string): unknown };
}

/** `io-pgtable formats`. @returns the exit status */
export function formatsCommand(args: readonly string[], { out, err }: FormatsContext): 0 | 2 {
  if (args.length === 1 && (args[0] === "--help" || args[0] === "-h")) {
    out.write(HELP);
    return 0;
  }
  if (args.length > 0) {
    err.write(`io-pgtable formats: takes no arguments (--help tells more)\n`);
    return 2;
  }
  out.write(formatTable(CATALOGUE.map(survey)));
  return 0;
}
