/** Where progress is told: the part of a terminal stream that it needs. */
export interface ProgressStream {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

const MILLISECONDS_BETWEEN = 80;

/** One line that is rewritten while work goes on; silent where nobody watches. */
export class Progress {
  readonly #stream: ProgressStream;
  readonly #visible: boolean;
  readonly #colour: boolean;
  #last = 0;
  #shown = false;

  constructor(stream: ProgressStream, colour: boolean) {
    this.#stream = stream;
    this.#visible = stream.isTTY === true;
    this.#colour = colour;
  }

  show(what: string, done: number, total: number): void {
    if (!this.#visible) return;
    const now = performance.now();
    if (now - this.#last < MILLISECONDS_BETWEEN) return;
    this.#last = now;
    const percent = total > 0 ? Math.min(100, Math.floor((100 * done) / total)) : 0;
    const text = `${what} ${percent}%`;
    this.#stream.write(`\r${this.#colour ? `\x1b[2m${text}\x1b[0m` : text}\x1b[K`);
    this.#shown = true;
  }

  /** Takes the line away, so that what follows starts on a clean one. */
  clear(): void {
    if (this.#shown) this.#stream.write("\r\x1b[K");
    this.#shown = false;
  }
}
