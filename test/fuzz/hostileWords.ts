// Words that an attacker would write: what the library itself writes, at any level and pointing at anything, what differs from it in a few bits, and noise.
import { IoPageTable, IoPgtableError, Prot } from "../../bindings/index.js";
import type { Configuration } from "../configurations/configuration.js";
import { choose, type Random, randomFrom } from "../programs/random.js";
import { GuestAllocator } from "./guestAllocator.js";
import type { HostileMemory } from "./hostileMemory.js";

/** Words that stand in real tables. */
export interface Vocabulary {
  /** Pointers to tables in the windows. */
  readonly tables: readonly bigint[];
  readonly leaves: readonly bigint[];
}

const PALETTE = 2048;
const BUILDS = 12;
const MAPS = 40;

/** Build tables all over the windows and keep their words. */
export function vocabularyOf(c: Configuration, guest: HostileMemory): Vocabulary {
  const tables = new Set<bigint>();
  const leaves = new Set<bigint>();
  const random = randomFrom(1);
  for (let build = 0; build < BUILDS; build++) {
    const allocator = new GuestAllocator(guest, random);
    const nothing = (): void => undefined;
    const flush = { flushAll: nothing, flushWalk: nothing, flushRange: nothing };
    const table = new IoPageTable(guest.memory, { format: c.format(), flush, allocator });
    for (let i = 0; i < MAPS; i++) {
      const iova = mapSomething(table, c, random);
      if (iova === null) continue;
      for (const { kind, entry } of table.walk(iova)) {
        if (kind === "table") tables.add(entry);
        if (kind === "leaf") leaves.add(entry);
      }
    }
    table.destroy();
  }
  return { tables: [...tables], leaves: [...leaves] };
}

/** Map one leaf anywhere. @returns its address, or null where there was no room */
function mapSomething(table: IoPageTable, c: Configuration, random: Random): bigint | null {
  const size = choose(random, c.pageSizes);
  const iova = randomIova(c, random, size);
  const paddr = randomBits(c.paddrBits, random) & ~(size - 1n);
  const prot = choose(random, [Prot.READ | Prot.WRITE, Prot.READ | Prot.WRITE | Prot.CACHE, Prot.WRITE | Prot.NOEXEC]);
  try {
    table.map(iova, Number(paddr), Number(size), prot);
    return iova;
  } catch (error) {
    if (error instanceof IoPgtableError) return null;
    throw error;
  }
}

export function randomBits(bits: number, random: Random): bigint {
  const word = (BigInt(random(2 ** 32)) << 32n) | BigInt(random(2 ** 32));
  return BigInt.asUintN(bits, word);
}

/** An address of the input space, aligned. */
export function randomIova(c: Configuration, random: Random, size: bigint): bigint {
  const bits = randomBits(c.ias, random) & ~(size - 1n);
  if (c.space !== "signed") return c.base + bits;
  return bits >> BigInt(c.ias - 1) === 0n ? bits : bits | (2n ** 64n - 2n ** BigInt(c.ias));
}

/** What a palette of hostile words holds. */
export function hostileWords(c: Configuration, known: Vocabulary, random: Random): bigint[] {
  return Array.from({ length: PALETTE }, () => hostileWord(c, known, random));
}

export function hostileWord(c: Configuration, known: Vocabulary, random: Random): bigint {
  const bits = 8 * 2 ** c.itemLg2;
  const pick = random(100);
  if (pick < 45 && known.tables.length !== 0) return choose(random, known.tables);
  if (pick < 62) return choose(random, known.leaves);
  if (pick < 72) return 0n;
  if (pick < 80) return randomBits(bits, random);
  const words = [...known.tables, ...known.leaves];
  let word = choose(random, words);
  for (let flips = 1 + random(3); flips > 0; flips--) word ^= 1n << BigInt(random(bits));
  return word;
}
