/** The input cannot be replayed at all: told in one line, exit status 2. */
export class UnusableInput extends Error {
  constructor(file: string, why: string) {
    super(`${file}: ${why}`);
    this.name = "UnusableInput";
  }
}

/** What the command line asks for cannot be had: told in one line, exit status 2. */
export class UnusableOption extends Error {}
