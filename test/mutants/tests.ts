// The tests that mutants are put through.
import { readdirSync } from "node:fs";
import { join } from "node:path";

const FOLDERS = ["test/bindings", "test/conformance", "test/property"];

/** Those that start threads or processes, which have a core of their own; those that are about the file of the core; and those of thousands of cases. */
const LEFT_OUT = [
  "test/bindings/workers",
  "test/bindings/module",
  "test/bindings/badInput/",
  "test/bindings/construct",
  "test/conformance/golden/harness",
  "test/conformance/golden/large",
  "test/conformance/realTables/",
  "test/conformance/suite/randomMaps",
];

/** The compiled test files in a folder, by their paths there. */
export function testFiles(folder: string): string[] {
  const names = FOLDERS.flatMap((one) =>
    readdirSync(join(folder, one), { recursive: true, encoding: "utf8" }).map((name) => `${one}/${name}`),
  );
  const isLeftOut = (name: string): boolean => LEFT_OUT.some((one) => name.startsWith(one));
  return names.filter((name) => name.endsWith(".test.js") && !isLeftOut(name)).sort();
}
