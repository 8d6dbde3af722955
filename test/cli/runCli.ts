import { fileURLToPath } from "node:url";
import { COMMANDS } from "../../bindings/cli/commands.js";
import { runCommand } from "../../bindings/cli/runCommand.js";

class Captured {
  text = "";
  constructor(readonly isTTY = false) {}
  write(text: string): void {
    this.text += text;
  }
}

export interface CliResult {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command as the program does. */
export async function runCli(name: string, args: readonly string[], terminal = false): Promise<CliResult> {
  const spec = COMMANDS.find((each) => each.name === name);
  if (spec === undefined) throw new Error(`no command ${name}`);
  const [out, err] = [new Captured(terminal), new Captured(terminal)];
  const status = await runCommand(spec, args, { out, err, noColour: false });
  return { status, out: out.text, err: err.text };
}

/** A file of the examples. */
export function traceFile(name: string): string {
  return fileURLToPath(new URL(`../../examples/traces/${name}`, import.meta.url));
}
