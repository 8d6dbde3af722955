// Never shipped: in the place of memory/race.ts when `node build.mjs --race` builds the core for the tests of races. Before each compare-and-swap a realm
// sleeps every other time, so that another one comes first as often as chance would have it in years, and counts how often it did.

/** Byte 0 of a memory of the library's own is unused and 0: waiting for it to change always takes the whole time. */
const NOBODY: usize = 0;
const NANOSECONDS: i64 = 200_000;

let windows: u32 = 0;
let losses: u32 = 0;

export class Race {
  static window(): void {
    windows += 1;
    if ((windows & 1) != 0) atomic.wait<i32>(NOBODY, 0, NANOSECONDS);
  }
  static lost(): void {
    losses += 1;
  }
}

/** How often this realm was about to publish, and how often another one had been first. */
export function raceWindows(): u32 {
  return windows;
}
export function raceLosses(): u32 {
  return losses;
}
