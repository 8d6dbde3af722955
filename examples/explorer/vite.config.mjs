// In a clone the package is what `node build.mjs` made; beside an installed one there is nothing to say.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const built = fileURLToPath(new URL("../../dist/index.js", import.meta.url));

export default {
  root: fileURLToPath(new URL("./", import.meta.url)),
  base: "./",
  resolve: existsSync(built) ? { alias: { "io-pgtable": built } } : {},
  build: { target: "es2022", outDir: "../../build/explorer", emptyOutDir: true },
};
