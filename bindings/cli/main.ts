#!/usr/bin/env node
import { COMMANDS } from "./commands.js";
import { overviewText } from "./help.js";
import { runCommand } from "./runCommand.js";

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  const noColour = (process.env.NO_COLOR ?? "") !== "";
  const spec = COMMANDS.find((each) => each.name === name);
  if (spec !== undefined) return runCommand(spec, rest, { out: process.stdout, err: process.stderr, noColour });
  if (name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(overviewText(COMMANDS));
    return 0;
  }
  const why =
    name === undefined ? overviewText(COMMANDS) : `io-pgtable: unknown command "${name}" (--help lists them)\n`;
  process.stderr.write(why);
  return 2;
}

// A reader such as `head` that has seen enough is no failure of the command.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 2));
process.exitCode = await main(process.argv.slice(2));
