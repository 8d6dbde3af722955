// All realms wait until the last one is there.

export class Barrier {
  /** Its words: how many are waiting, and the number of the round. */
  static readonly BYTES = 8;
  private readonly words: Int32Array;

  constructor(
    shared: SharedArrayBuffer,
    private readonly realms: number,
  ) {
    this.words = new Int32Array(shared, 0, 2);
  }

  wait(): void {
    const round = Atomics.load(this.words, 1);
    if (Atomics.add(this.words, 0, 1) + 1 === this.realms) {
      Atomics.store(this.words, 0, 0);
      Atomics.add(this.words, 1, 1);
      Atomics.notify(this.words, 1);
      return;
    }
    while (Atomics.load(this.words, 1) === round) Atomics.wait(this.words, 1, round, 1000);
  }
}
