#!/usr/bin/env node
import { formatsCommand } from "./formats/command.js";
import { replayCommand } from "./replay/command.js";

const HELP = `io-pgtable COMMAND

  formats   prints what the page-table formats can hold
  replay    replays a record of a kernel's IOMMU operations and compares the results

io-pgtable COMMAND --help tells more.
`;

async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  const noColour = (process.env.NO_COLOR ?? "") !== "";
  const context = { out: process.stdout, err: process.stderr, noColour };
  if (command === "replay") return replayCommand(rest, context);
  if (command === "formats") return formatsCommand(rest, context);
  if (command === "--help" || command === "-h") {
    process.stdout.write(HELP);
    return 0;
  }
  process.stderr.write(command === undefined ? HELP : `io-pgtable: unknown command "${command}" (--help lists them)\n`);
  return 2;
}

// A reader such as `head` that has seen enough is no failure of the command.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 2));
process.exitCode = await main(process.argv.slice(2));
