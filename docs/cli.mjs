// Prints docs/cli.md, from the commands themselves; --write puts it there.
import { writeFileSync } from "node:fs";
import { runnerImport } from "vite";

const CONFIG = { root: new URL("..", import.meta.url).pathname, configFile: false, logLevel: "error" };
const { module: list } = await runnerImport("/bindings/cli/commands.ts", CONFIG);
const { module: manual } = await runnerImport("/bindings/cli/manual.ts", CONFIG);

const page = manual.manualText(list.COMMANDS);
if (process.argv[2] === "--write") writeFileSync(new URL("cli.md", import.meta.url), page);
else process.stdout.write(page);
