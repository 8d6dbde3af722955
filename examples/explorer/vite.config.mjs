// In a clone the package is what `node build.mjs` made; beside an installed one there is nothing to say.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** @param {string} name */
const built = (name) => fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url));
const here = { "io-pgtable/entries": built("entries"), "io-pgtable": built("index") };

export default {
  root: fileURLToPath(new URL("./", import.meta.url)),
  base: "./",
  resolve: existsSync(built("index")) ? { alias: here } : {},
  build: { target: "es2022", outDir: "../../build/explorer", emptyOutDir: true },
};
