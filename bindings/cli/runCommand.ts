import { IoPgtableError } from "../errors.js";
import { CommandLine } from "./commandLine.js";
import type { CommandContext, CommandSpec, ExitStatus } from "./commandSpec.js";
import { helpText } from "./help.js";
import { UnusableInput, UnusableOption } from "./replay/unusableInput.js";

/** What is told in one line; anything else is a defect of ours. */
function isTold(error: unknown): error is Error {
  return error instanceof UnusableInput || error instanceof UnusableOption || error instanceof IoPgtableError;
}

/** Runs a command with these arguments. @returns the exit status */
export async function runCommand(
  spec: CommandSpec,
  args: readonly string[],
  context: CommandContext,
): Promise<ExitStatus> {
  try {
    const line = new CommandLine(spec, args);
    if (!line.flag("help")) return await spec.run(line, context);
    context.out.write(helpText(spec));
    return 0;
  } catch (error) {
    if (!isTold(error)) throw error;
    // A parser's message may quote lines of its input.
    context.err.write(`io-pgtable ${spec.name}: ${error.message.replace(/\s+/g, " ")}\n`);
    return 2;
  }
}
