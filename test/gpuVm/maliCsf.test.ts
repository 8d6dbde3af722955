// The address-space registers of Mali CSF GPUs, with values worked out by hand from the registers' fields.
import { describe, expect, test } from "vitest";
import { type ArmLpaeConfig, armLpaeS1, maliCsfRegisters } from "../../bindings/index.js";
import { failureOf } from "../bindings/support/failure.js";
import { useTable } from "../bindings/support/fixture.js";

function registersOf(config: ArmLpaeConfig, coherent?: boolean) {
  let made: { ttbr: bigint; csf: ReturnType<typeof maliCsfRegisters> } | undefined;
  useTable(armLpaeS1(config), ({ table }) => {
    made = { ttbr: table.registers.ttbr, csf: maliCsfRegisters(table.registers, coherent) };
  });
  if (made === undefined) throw new Error("no registers");
  return made;
}

describe("the registers of a Mali CSF address space", () => {
  test.each([
    // Mode 6, 55 - 48 at bit 6, write-back walks, read allocation; outer-shareable walks where the GPU is coherent.
    { says: "not coherent, 48 bits", config: { ias: 48, oas: 40, coherentWalk: false }, transcfg: 0x4200_01c6n },
    { says: "coherent, 48 bits", config: { ias: 48, oas: 40 }, transcfg: 0x6200_01c6n },
    { says: "33 bits", config: { ias: 33, oas: 40 }, transcfg: 0x6200_0586n },
    { says: "64K", config: { ias: 48, oas: 48, pageSizes: [2 ** 16] }, transcfg: 0x6200_01c8n },
  ])("$says", ({ config, transcfg }) => {
    const { ttbr, csf } = registersOf(config);
    expect([csf.transtab, csf.transcfg]).toEqual([ttbr, transcfg]);
  });

  test.each([
    // The default MAIR: non-cacheable, write-back, device, outer write-back without an inner cache.
    { coherent: false, memattr: 0x4c4c_4c4c_8c4c_8f4cn },
    { coherent: true, memattr: 0x4c4c_4c4c_9c4c_9f4cn },
  ])("the memory attributes, coherent: $coherent", ({ coherent, memattr }) => {
    expect(registersOf({ ias: 48, oas: 40 }, coherent).csf.memattr).toBe(memattr);
  });

  test("the allocation hints are the inner ones; write-through is not cached", () => {
    // 0xbb: write-through with allocation; 0xee, 0xdd, 0xfc: write-back that allocates on reads, on writes, and inner without allocation.
    const mair = [0xbb, 0xee, 0xdd, 0xfc, 0xf4, 0x4f, 0x00, 0xff];
    expect(registersOf({ ias: 48, oas: 40, mair }, false).csf.memattr).toBe(0x8f4c_4c8c_8c8d_8e4cn);
  });

  test("what the GPU has no setting for is refused", () => {
    const wide = { ias: 52, oas: 52, pageSizes: [2 ** 16] };
    expect(registersOf(wide).csf.transcfg & 0x7c0n).toBe(3n << 6n);
    useTable(armLpaeS1({ ias: 47, oas: 48, pageSizes: [2 ** 14] }), ({ table }) => {
      expect(failureOf(() => maliCsfRegisters(table.registers), "ENOTSUP").operation).toBe("maliCsfRegisters");
      const { ttbr, mair, tcr } = table.registers;
      failureOf(() => maliCsfRegisters({ ttbr, mair, tcr: { ...tcr, tg: 0, tsz: 8 } }), "ENOTSUP");
    });
  });
});
