// The lines that QEMU has written to its log since the last look.
import { closeSync, openSync, readSync } from "node:fs";

export class LogTail {
  #descriptor: number | undefined;
  #position = 0;
  #rest = "";
  readonly #buffer = Buffer.alloc(65536);

  constructor(private readonly file: string) {}

  lines(): string[] {
    this.#descriptor ??= openSync(this.file, "r");
    let text = this.#rest;
    for (;;) {
      const bytes = readSync(this.#descriptor, this.#buffer, 0, this.#buffer.length, this.#position);
      if (bytes === 0) break;
      this.#position += bytes;
      text += this.#buffer.toString("latin1", 0, bytes);
    }
    const lines = text.split("\n");
    this.#rest = lines.pop() ?? "";
    return lines;
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }
}
