// unmapPages of pages so large that a count of them is no count of bytes in 32 bits.
import { expect, it } from "vitest";
import { armLpaeS1, Prot } from "../../bindings/index.js";
import { useTable } from "./support/fixture.js";

const G1 = 2 ** 30;
const G512 = 2 ** 39;

it("ends with the last of the tables asked for, also where it is the one with which the list of events is full", () => {
  const format = armLpaeS1({
    ias: 52,
    oas: 52,
    lpa2: true,
    pageSizes: [2 ** 12, G1, G512],
    coherentWalk: false,
    syncForDevice: () => undefined,
  });
  useTable(format, ({ table }) => {
    // Each is flushed and its entry written back: 738 events, and a call stops at more than 736.
    const count = 369;
    for (let i = 0; i < count + 2; i++) table.map(i * G512, 0, G1, Prot.READ);
    expect(table.unmapPages(0, G512, count)).toBe(count * G512);
    expect([...table.mappings()].map(({ iova }) => iova)).toEqual([count, count + 1].map((i) => BigInt(i * G512)));
  });
});
