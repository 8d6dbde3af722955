// Tables that somebody else wrote, read in every way. Nothing may trap, nothing be written, and no answer depend on what is outside the windows.
import { IoPageTable, IoPgtableError } from "../../bindings/index.js";
import type { Configuration } from "../configurations/configuration.js";
import { choose, type Random, randomFrom } from "../programs/random.js";
import { HostileMemory, type Layout, Palette } from "./hostileMemory.js";
import { hostileWords, type Vocabulary, vocabularyOf } from "./hostileWords.js";
import { readEverything, type Tally } from "./readings.js";

/** Roots that are tried in one memory. */
const READINGS = 12;

/** A hostile guest of one configuration; each round fills it anew. */
export class HostileGuest {
  private readonly guest: HostileMemory;
  private readonly known: Vocabulary;

  constructor(
    private readonly c: Configuration,
    layout: Layout,
  ) {
    this.guest = new HostileMemory(c, layout);
    this.known = vocabularyOf(c, this.guest);
  }

  round(seed: number, tally: Tally): void {
    const { c, guest, known } = this;
    const random = randomFrom(seed);
    const palette = new Palette(hostileWords(c, known, random), c.itemLg2);
    guest.fill(guest.windows, palette, random(2 ** 32));
    const readings = Array.from({ length: READINGS }, () => ({ root: this.roots(random), seed: random(2 ** 32) }));
    // What is outside is as hostile as what is inside, and another time different: a walk that goes there answers differently.
    const [first = [], second = []] = [1, 2].map(() => {
      guest.fill([...guest.surroundings, guest.bookkeeping], palette, random(2 ** 32));
      const before = guest.bytes();
      const answers = readings.flatMap((reading) => this.read(reading.root, reading.seed, tally));
      if (Buffer.compare(guest.bytes(), before) !== 0) throw new Error("reading wrote to the memory");
      return answers;
    });
    const at = first.findIndex((answer, i) => answer !== second[i]);
    if (at >= 0) throw new Error(`an answer depends on what is outside: ${first[at]} and ${second[at]}`);
  }

  private roots(random: Random): number | number[] {
    const paddrs = this.guest.tables.map((offset) => this.guest.paddrOf(offset));
    const one = (): number => choose(random, paddrs) + (random(4) === 0 ? 8 * random(512) : 0);
    const { rootsLg2 } = this.c;
    return rootsLg2 === 0 || random(3) === 0 ? one() : Array.from({ length: 2 ** rootsLg2 }, one);
  }

  private read(root: number | number[], seed: number, tally: Tally): string[] {
    const { c, guest } = this;
    let table: IoPageTable;
    try {
      table = IoPageTable.open(guest.memory, { format: c.format(), root });
    } catch (error) {
      // The root begins in a window and ends outside.
      if (error instanceof IoPgtableError && error.code === "EFAULT") return ["no root"];
      throw error;
    }
    return readEverything(table, c, randomFrom(seed), tally);
  }
}
