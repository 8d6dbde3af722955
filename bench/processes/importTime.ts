// In a process that has not seen the library: from its import to the first table; or, for "parse", V8's reading of its two modules alone, with nothing
// of them run. Prints seconds.
import { readFileSync } from "node:fs";
import { Script } from "node:vm";

// The module that users load, which the compiler need not find.
const name = "io-pgtable";
const flush = { flushAll() {}, flushWalk() {}, flushRange() {} };

async function importAll(): Promise<void> {
  const start = performance.now();
  const { armLpaeS1, IoPageTable, TableMemory }: typeof import("../../bindings/index.js") = await import(name);
  const table = new IoPageTable(TableMemory.create(), { format: armLpaeS1({ ias: 48, oas: 48 }), flush });
  console.log((performance.now() - start) / 1e3);
  table.destroy();
}

/** As scripts, which have no imports and exports; the rest of the text is the same. */
function parse(): void {
  const main = new URL(import.meta.resolve(name));
  const sources = [main, new URL("coreBytes.js", main)].map((url) => readFileSync(url, "utf8"));
  const scripts = sources.map((source) => source.replace(/^import\{.*?;/, "").replace(/export\{[^}]*\};?\s*$/, ""));
  const start = performance.now();
  for (const source of scripts) new Script(source);
  console.log((performance.now() - start) / 1e3);
}

if (process.argv[2] === "parse") parse();
else await importAll();
