// Random binds against a model that knows each page: owner, offset into the object, protection, translation. IO_PGTABLE_SEED repeats a run,
// IO_PGTABLE_GPUVM_STEPS makes it long (`npm run test:gpuvm`).
import { describe, expect, test } from "vitest";
import { amdV1, armLpaeS1, armV7s, type Format, riscv, x86_64 } from "../../bindings/index.js";
import { randomFrom } from "../programs/random.js";
import { GpuVmSession } from "./session.js";

const STEPS = Number(process.env.IO_PGTABLE_GPUVM_STEPS ?? 400);
/** A session goes on for so many steps, then all goes and the next one begins. */
const SESSION = 400;

const FORMATS: Readonly<Record<string, { format: () => Format; pages: number }>> = {
  "Arm stage 1 with the contiguous hint": {
    format: () => armLpaeS1({ ias: 39, oas: 40, contiguousHint: true }),
    pages: 1100,
  },
  "Arm stage 1, small pages alone": { format: () => armLpaeS1({ ias: 39, oas: 40, pageSizes: [4096] }), pages: 200 },
  "x86-64": { format: () => x86_64({ ias: 48, oas: 48 }), pages: 1100 },
  AMDv1: { format: () => amdV1({ ias: 40, oas: 40 }), pages: 100 },
  "Arm short descriptors": { format: () => armV7s({ ias: 32, oas: 32 }), pages: 600 },
  "RISC-V with Svnapot": { format: () => riscv({ ias: 39, oas: 40, svnapot: true }), pages: 100 },
};

describe.each(Object.entries(FORMATS))("%s", (_name, { format, pages }) => {
  const seed = Number(process.env.IO_PGTABLE_SEED ?? Date.now() % 1e6);
  test(`does as the model does, seed ${seed}`, { timeout: 60_000 + STEPS * 20 }, () => {
    for (let done = 0; done < STEPS; done += SESSION) {
      const session = new GpuVmSession({ format: format(), pages }, randomFrom(seed + done));
      try {
        for (let i = 0; i < Math.min(SESSION, STEPS - done); i++) session.step();
        session.finish();
      } catch (error) {
        const last = session.log.slice(-3).join("\n  ");
        const text = `IO_PGTABLE_SEED=${seed + done}, step ${session.log.length}:\n  ${last}`;
        throw new Error(text, { cause: error });
      }
    }
    expect(STEPS).toBeGreaterThan(0);
  });
});
