// Mali LPAE: a leaf has type 0b01 at every level, AttrIndx as stage 1, access permissions as stage 2, no access flag, and is
// always outer shareable.
import { describe, expect, it } from "vitest";
import { armMaliLpae, Prot } from "../../../bindings/index.js";
import { leafOf, walkOf } from "./entryOf.js";

const { READ, WRITE, CACHE, NOEXEC, MMIO, PRIV } = Prot;
const mali = () => armMaliLpae({ ias: 48, oas: 40 });

describe("Mali leaves", () => {
  it.each([
    { prot: READ | WRITE, entry: "0x00000087654322c1", says: "read and write" },
    { prot: READ, entry: "0x0000008765432241", says: "read-only" },
    { prot: WRITE, entry: "0x0000008765432281", says: "write-only" },
    { prot: READ | WRITE | CACHE, entry: "0x00000087654322c5", says: "cached: AttrIndx 1, still outer shareable" },
    { prot: READ | WRITE | MMIO, entry: "0x00000087654322c9", says: "device: AttrIndx 2" },
    { prot: READ | WRITE | NOEXEC, entry: "0x00600087654322c1", says: "no execution" },
    { prot: READ | WRITE | PRIV, entry: "0x00000087654322c1", says: "no privilege bit: request ignored" },
  ])("$says", ({ prot, entry }) => {
    expect(leafOf(mali(), { paddr: 0x8765432000, size: 0x1000, prot })).toEqual({ level: 3, entry });
  });

  it("has the same type in a block as in a page", () => {
    const block = { paddr: 0x8765400000, size: 2 ** 21, prot: READ | WRITE };
    expect(leafOf(mali(), block)).toEqual({ level: 2, entry: "0x00000087654002c1" });
  });

  it("points to its tables with type 0b11 from level 0 down, also from a root of one entry", () => {
    const steps = walkOf(armMaliLpae({ ias: 33, oas: 36 }), { paddr: 0, size: 0x1000, prot: READ });
    expect(steps.map(({ level, kind }) => `${level} ${kind}`)).toEqual(["0 table", "1 table", "2 table", "3 leaf"]);
    expect(steps.slice(0, 3).map((step) => step.entry & 0xfffn)).toEqual([3n, 3n, 3n]);
  });
});
