import { expect, test } from "vitest";
import { EmptyCall, PageFloor } from "../../bench/peers/wasmFloor.js";

test("the empty call takes three numbers and returns 0", () => {
  expect(new EmptyCall().call(2 ** 40, 2 ** 33, 4096)).toBe(0);
});

test.each(["fill", "copy"] as const)("a %s writes each page of its list once over and no other", (way) => {
  const floor = new PageFloor([0x40_0000, 0x40_2000, 0x40_1000, 0x44_7000]);
  expect(floor.pages).toBe(4);
  expect(floor.takeWrittenBytes()).toBe(0);
  floor[way]();
  expect(floor.takeWrittenBytes()).toBe(4 * 4096);
  expect(floor.takeWrittenBytes()).toBe(0);
});
