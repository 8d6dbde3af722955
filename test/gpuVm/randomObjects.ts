import { type GpuObject, SegmentList } from "../../bindings/index.js";
import type { Random } from "../programs/random.js";
import { remember } from "./pageModel.js";

/** A buffer object whose segments can be exchanged while it is evicted. */
export interface Buffer extends GpuObject {
  segments: GpuObject["segments"];
}

/** Where large leaves can map, and far enough apart for every object of these tests. */
const ALIGNED = 2 ** 23;

/** Backing of `pages` pages: in one piece and aligned, or in pieces that are scattered, with neighbours now and then. */
export function randomBacking(random: Random, pages: number, page: number, places: number): GpuObject["segments"] {
  const segments: { paddr: number; size: number }[] = [];
  if (random(2) === 0) segments.push({ paddr: random(places) * ALIGNED, size: page * pages });
  else {
    let left = pages;
    let place = random(places * pages);
    while (left > 0) {
      const size = Math.min(left, 1 + random(left));
      if (random(3) !== 0) place = random(places * pages);
      segments.push({ paddr: place * page, size: size * page });
      place += size;
      left -= size;
    }
  }
  return random(2) === 0 ? segments : remember(new SegmentList(segments), segments);
}
