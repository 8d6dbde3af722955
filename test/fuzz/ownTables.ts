// Tables that the library built, and of which something else then changed words: a stray write, a device gone wild, a guest that should not have been able to.
// What such a table translates is anybody's guess, and a word may name another table in the windows as one of this; but each call is done or throws one of the
// library's errors, and nothing outside the windows is written.
import { IoPageTable, IoPgtableError } from "../../bindings/index.js";
import type { Configuration } from "../configurations/configuration.js";
import { choose, type Random, randomFrom } from "../programs/random.js";
import { Calls } from "./calls.js";
import { GuestAllocator } from "./guestAllocator.js";
import { HostileMemory, Palette } from "./hostileMemory.js";
import { hostileWord, hostileWords, type Vocabulary, vocabularyOf } from "./hostileWords.js";

const BUILDING = 12;
const BREAKING = 12;
/** One table in so many stays the guest's, full of hostile words. */
const KEPT = 4;

export interface OwnTally {
  readonly calls: Map<string, number>;
  readonly errors: Map<string, number>;
  /** Words of tables in use that were changed. */
  broken: number;
  strangeFrees: number;
}

export const newOwnTally = (): OwnTally => ({ calls: new Map(), errors: new Map(), broken: 0, strangeFrees: 0 });

const count = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);

export class CorruptedTables {
  private readonly guest: HostileMemory;
  private readonly known: Vocabulary;

  constructor(private readonly c: Configuration) {
    this.guest = new HostileMemory(c, "inside");
    this.known = vocabularyOf(c, this.guest);
  }

  round(seed: number, tally: OwnTally): void {
    const { c, guest, known } = this;
    const random = randomFrom(seed);
    guest.renew();
    const palette = new Palette(hostileWords(c, known, random), c.itemLg2);
    guest.fill([...guest.windows, ...guest.surroundings], palette, random(2 ** 32));
    const kept = guest.tables.filter(() => random(KEPT) === 0);
    const allocator = new GuestAllocator(guest, random, kept);
    const nothing = (): void => undefined;
    const flush = { flushAll: nothing, flushWalk: nothing, flushRange: nothing };
    let table: IoPageTable;
    try {
      table = new IoPageTable(guest.memory, { format: c.format(), flush, allocator });
    } catch (error) {
      if (error instanceof IoPgtableError && error.code === "ENOMEM") return;
      throw error;
    }
    const before = this.outside();
    const calls = new Calls(c, random);
    const gather = table.gather();
    const log: string[] = [];
    try {
      for (let i = 0; i < BUILDING + BREAKING; i++) {
        if (i >= BUILDING && random(3) === 0) log.push(this.corrupt(allocator, random, tally));
        const [name, call] = calls.next();
        log.push(name);
        this.attempt(name, () => call(table, gather), tally);
      }
      log.push("destroy");
      this.attempt("destroy", () => table.destroy(), tally);
    } catch (error) {
      throw new Error(log.join(", "), { cause: error });
    }
    tally.strangeFrees += allocator.strangeFrees;
    const after = this.outside();
    if (after.some((bytes, i) => Buffer.compare(bytes, before[i] ?? new Uint8Array()) !== 0)) {
      throw new Error(`something was written outside the windows: ${log.join(", ")}`);
    }
  }

  private attempt(name: string, action: () => unknown, tally: OwnTally): void {
    count(tally.calls, name);
    try {
      action();
    } catch (error) {
      if (!(error instanceof IoPgtableError)) throw error;
      count(tally.errors, error.code);
    }
  }

  /** Change one word of a table in use. */
  private corrupt(allocator: GuestAllocator, random: Random, tally: OwnTally): string {
    const [offset, bytes] = choose(random, [...allocator.live]);
    const { wasm } = this.guest;
    const items = this.itemsInUse(offset, bytes);
    const index = items.length !== 0 && random(4) !== 0 ? choose(random, items) : random(bytes >> this.c.itemLg2);
    const word = hostileWord(this.c, this.known, random);
    const at = offset + (index << this.c.itemLg2);
    if (this.c.itemLg2 === 3) new DataView(wasm.buffer).setBigUint64(at, word, true);
    else new DataView(wasm.buffer).setUint32(at, Number(word), true);
    tally.broken++;
    return `${at.toString(16)} := ${word.toString(16)}`;
  }

  private itemsInUse(offset: number, bytes: number): number[] {
    const { buffer } = this.guest.wasm;
    const words =
      this.c.itemLg2 === 3
        ? new BigUint64Array(buffer, offset, bytes >> 3)
        : new Uint32Array(buffer, offset, bytes >> 2);
    return [...words.keys()].filter((i) => Number(words[i]) !== 0);
  }

  /** Copies of all that lies outside the windows and the records. */
  private outside(): Uint8Array[] {
    const { wasm, surroundings } = this.guest;
    return surroundings.map(({ offset, bytes }) => new Uint8Array(wasm.buffer, offset, bytes).slice());
  }
}
