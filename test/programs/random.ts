// Numbers that a seed repeats.

export type Random = (below: number) => number;

/** A generator of whole numbers below a limit (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return Math.floor((((x ^ (x >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

export function choose<T>(random: Random, from: readonly T[]): T {
  const chosen = from[random(from.length)];
  if (chosen === undefined) throw new Error("there is nothing to choose from");
  return chosen;
}

/** The same elements in another order. */
export function shuffled<T>(from: readonly T[], seed: number): T[] {
  const random = randomFrom(seed);
  const rest = [...from];
  for (let i = rest.length - 1; i > 0; i--) {
    const k = random(i + 1);
    const [a, b] = [rest[i], rest[k]];
    if (a !== undefined && b !== undefined) [rest[i], rest[k]] = [b, a];
  }
  return rest;
}
