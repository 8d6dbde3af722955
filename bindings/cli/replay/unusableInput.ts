/** The input cannot be replayed at all: told in one line, exit status 2. */
export class UnusableInput extends Error {
  constructor(file: string, why: string) {
    super(`${file}: ${why}`);
    this.name = "UnusableInput";
  }
}
