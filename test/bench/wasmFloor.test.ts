import { expect, test } from "vitest";
import { EmptyCall, PageFill } from "../../bench/peers/wasmFloor.js";

test("the empty call takes three numbers and returns 0", () => {
  expect(new EmptyCall().call(2 ** 40, 2 ** 33, 4096)).toBe(0);
});

test("a fill writes each page of its list once over and no other", () => {
  const fill = new PageFill([0x40_0000, 0x40_2000, 0x40_1000, 0x44_7000]);
  expect(fill.takeFilledBytes()).toBe(0);
  fill.fill();
  expect(fill.takeFilledBytes()).toBe(4 * 4096);
  expect(fill.takeFilledBytes()).toBe(0);
});
