/** The recorded files of a folder, unpacked and parsed. */

import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { type GoldenFile, type InitResult, type LargeCase, parseGoldenFile, type Scenario } from "./records.js";

/** Whether it is the project's own data that is run, of which more is known than of another folder's. */
export const OWN_DATA = process.env.GOLDEN_DIR === undefined;

const FOLDER = process.env.GOLDEN_DIR ?? new URL("../../data/golden", import.meta.url).pathname;

export interface NamedFile {
  readonly name: string;
  readonly file: GoldenFile;
}

export function goldenFiles(): NamedFile[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".json.gz"))
    .sort()
    .map((name) => {
      const json: unknown = JSON.parse(gunzipSync(readFileSync(`${FOLDER}/${name}`)).toString("utf8"));
      return { name, file: parseGoldenFile(json, name) };
    });
}

export function goldenScenarios(): Scenario[] {
  return goldenFiles().flatMap(({ file }) => (file.kind === "scenarios" ? file.scenarios : []));
}

export function goldenInits(): (readonly [string, InitResult])[] {
  return goldenFiles().flatMap(({ file }) => (file.kind === "init" ? file.init : []));
}

export function goldenLargeCases(): LargeCase[] {
  return goldenFiles().flatMap(({ file }) => (file.kind === "large" ? [file.large] : []));
}
