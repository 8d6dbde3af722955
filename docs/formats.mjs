// Prints what stands between the format markers of README.md, from the formats themselves; --write puts it there.
import { readFileSync, writeFileSync } from "node:fs";
import { runnerImport } from "vite";

const README = new URL("../README.md", import.meta.url);
const CONFIG = { root: new URL("..", import.meta.url).pathname, configFile: false, logLevel: "error" };
const MARKED = /(<!-- formats -->\n\n)[\s\S]*?(\n<!-- \/formats -->)/;

const { module } = await runnerImport("/bindings/cli/formats/command.ts", CONFIG);
const table = module.allFormats();
if (process.argv[2] === "--write") {
  const before = readFileSync(README, "utf8");
  writeFileSync(
    README,
    before.replace(MARKED, (_, start, end) => start + table + end),
  );
} else {
  process.stdout.write(table);
}
