// What lies between a look at a shared word and the compare-and-swap that relies on it: nothing. The core that the tests of races use has
// forced/race.ts in the place of this file.

export class Race {
  /** Another realm may be first from here on. */
  @inline static window(): void {}
  /** It was: this one has lost its table. */
  @inline static lost(): void {}
}
