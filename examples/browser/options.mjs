import { armLpaeS1 } from "io-pgtable";

/** What every realm makes for itself. */
export const OPTIONS = {
  format: armLpaeS1({ ias: 39, oas: 40 }),
  flush: { flushAll() {}, flushWalk() {}, flushRange() {} },
};
