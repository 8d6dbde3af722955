// Prints docs/cli.md, from the commands themselves; --write puts it there.
import { writeFileSync } from "node:fs";
import { COMMANDS } from "../dist/cli/commands.js";
import { manualText } from "../dist/cli/manual.js";

const page = manualText(COMMANDS);
if (process.argv[2] === "--write") writeFileSync(new URL("cli.md", import.meta.url), page);
else process.stdout.write(page);
