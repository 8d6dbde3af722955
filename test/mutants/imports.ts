// What a compiled test is made of: its file, and all that it imports by relative paths.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Fingerprints of files with all that they import. */
export class Imports {
  readonly #texts = new Map<string, string>();

  constructor(private readonly folder: string) {}

  fingerprint(file: string): string {
    const hash = createHash("sha256");
    const found = new Set([file]);
    for (const each of found) {
      const text = this.#text(each);
      hash.update(each).update(text);
      for (const [, path] of text.matchAll(/(?:from |import\(|import )"(\.[^"]+\.js)"/g)) {
        found.add(join(dirname(each), path ?? ""));
      }
    }
    return hash.digest("hex");
  }

  #text(file: string): string {
    const text = this.#texts.get(file) ?? readFileSync(join(this.folder, file), "utf8");
    this.#texts.set(file, text);
    return text;
  }
}
