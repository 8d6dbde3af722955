import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
/** What .gitignore leaves out, and git's own. */
const NOT_OURS = new Set([".git", ".vite", "build", "coverage", "dist", "generated", "node_modules"]);
const BINARY = /\.(gz|tgz|wasm)$/;

export interface ProjectFile {
  /** From the project's folder, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** The project's text files below a folder; default all of them. */
export function projectFiles(folder = ""): ProjectFile[] {
  return pathsBelow(folder)
    .filter((path) => !BINARY.test(path))
    .map((path) => ({ path, text: readFileSync(join(PROJECT, path), "utf8") }));
}

/** Every path of the project, binary files included. */
export function pathsBelow(folder = ""): string[] {
  return readdirSync(join(PROJECT, folder), { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return [];
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? pathsBelow(path) : entry.isFile() ? [path] : [];
  });
}

export function projectFile(path: string): string {
  return readFileSync(join(PROJECT, path), "utf8");
}
