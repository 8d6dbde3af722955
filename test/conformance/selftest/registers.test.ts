// What the device is programmed with, from the Arm Architecture Reference Manual (DDI 0487): register descriptions TCR_EL1
// (TG0 0 4K, 1 64K, 2 16K; TG1 1 16K, 2 4K, 3 64K; IPS 0..6 = 32, 36, 40, 42, 44, 48, 52 bits), VTCR_EL2 (SL0 by granule),
// MAIR_EL1 (0x44 non-cacheable, 0xff write-back, 0x04 device nGnRE, 0xf4 inner non-cacheable outer write-back); and from the
// AMD IOMMU specification (48882), "Device Table Entry": root pointer and mode (levels).
import { describe, expect, it } from "vitest";
import { amdV1, arm32LpaeS1, armLpaeS1, armLpaeS2, armMaliLpae, type Format } from "../../../bindings/index.js";
import { useTable } from "../../bindings/support/fixture.js";

const GRANULE_16K = [2 ** 14, 2 ** 25];
const GRANULE_64K = [2 ** 16, 2 ** 29];
const COHERENT = { sh: 3, irgn: 1, orgn: 1 };
const NON_COHERENT = { sh: 2, irgn: 0, orgn: 0 };

/** The registers of a fresh table and the physical address of its root, which is the first entry of every walk. */
function programmed<R>(format: Format<R>, iova: bigint = 0n): { registers: R; root: bigint } {
  let result: { registers: R; root: bigint } | undefined;
  useTable(format, ({ table }) => {
    result = { registers: table.registers, root: BigInt(table.walk(iova)[0]?.entryPaddr ?? 0) };
  });
  if (!result) throw new Error("no table");
  return result;
}

describe("stage 1 registers", () => {
  it.each([
    { config: { ias: 48, oas: 48 }, tcr: { tg: 0, tsz: 16, ips: 5, ...COHERENT } },
    { config: { ias: 39, oas: 40 }, tcr: { tg: 0, tsz: 25, ips: 2, ...COHERENT } },
    { config: { ias: 32, oas: 32 }, tcr: { tg: 0, tsz: 32, ips: 0, ...COHERENT } },
    { config: { ias: 42, oas: 36 }, tcr: { tg: 0, tsz: 22, ips: 1, ...COHERENT } },
    { config: { ias: 48, oas: 42, pageSizes: GRANULE_16K }, tcr: { tg: 2, tsz: 16, ips: 3, ...COHERENT } },
    { config: { ias: 48, oas: 44, pageSizes: GRANULE_64K }, tcr: { tg: 1, tsz: 16, ips: 4, ...COHERENT } },
    { config: { ias: 52, oas: 52, pageSizes: GRANULE_64K }, tcr: { tg: 1, tsz: 12, ips: 6, ...COHERENT } },
    { config: { ias: 48, oas: 48, coherentWalk: false }, tcr: { tg: 0, tsz: 16, ips: 5, ...NON_COHERENT } },
    {
      config: { ias: 48, oas: 48, coherentWalk: false, quirks: ["ARM_OUTER_WBWA"] as const },
      tcr: { tg: 0, tsz: 16, ips: 5, ...NON_COHERENT, orgn: 1 },
    },
  ])("$config", ({ config, tcr }) => {
    const { registers, root } = programmed(armLpaeS1(config));
    expect(registers).toEqual({ ttbr: root, mair: 0xf404ff44n, tcr });
  });

  it.each([
    { granule: "4K", pageSizes: [2 ** 12], tg: 2 },
    { granule: "16K", pageSizes: GRANULE_16K, tg: 1 },
    { granule: "64K", pageSizes: GRANULE_64K, tg: 3 },
  ])("TTBR1 has its own code for $granule", ({ pageSizes, tg }) => {
    const format = armLpaeS1({ ias: 42, oas: 48, pageSizes, quirks: ["ARM_TTBR1"] });
    const { registers, root } = programmed(format, 2n ** 64n - 2n ** 42n);
    expect(registers).toEqual({ ttbr: root, mair: 0xf404ff44n, tcr: { tg, tsz: 22, ips: 5, ...COHERENT } });
  });

  it("takes the memory attributes that are given, eight of them", () => {
    const mair = [0x00, 0x04, 0x0c, 0x44, 0x77, 0xbb, 0xee, 0xff];
    expect(programmed(armLpaeS1({ ias: 48, oas: 48, mair })).registers.mair).toBe(0xffeebb77440c0400n);
  });

  it("is the same for the 32-bit format", () => {
    const { registers, root } = programmed(arm32LpaeS1({ ias: 32, oas: 40 }));
    expect(registers).toEqual({ ttbr: root, mair: 0xf404ff44n, tcr: { tg: 0, tsz: 32, ips: 2, ...COHERENT } });
  });
});

describe("stage 2 registers", () => {
  it.each([
    // SL0: 4K 2 = level 0, 1 = level 1; 16K and 64K 3 = level 0, 2 = level 1, 1 = level 2
    { config: { ias: 48, oas: 48 }, entries: 512, level: 0, vtcr: { tg: 0, tsz: 16, ps: 5, sl: 2, ...COHERENT } },
    { config: { ias: 39, oas: 40 }, entries: 512, level: 1, vtcr: { tg: 0, tsz: 25, ps: 2, sl: 1, ...COHERENT } },
    { config: { ias: 40, oas: 40 }, entries: 1024, level: 1, vtcr: { tg: 0, tsz: 24, ps: 2, sl: 1, ...COHERENT } },
    { config: { ias: 42, oas: 42 }, entries: 4096, level: 1, vtcr: { tg: 0, tsz: 22, ps: 3, sl: 1, ...COHERENT } },
    {
      config: { ias: 48, oas: 48, pageSizes: GRANULE_16K },
      entries: 4096,
      level: 1,
      vtcr: { tg: 2, tsz: 16, ps: 5, sl: 2, ...COHERENT },
    },
    {
      config: { ias: 40, oas: 40, pageSizes: GRANULE_16K },
      entries: 32768,
      level: 2,
      vtcr: { tg: 2, tsz: 24, ps: 2, sl: 1, ...COHERENT },
    },
    {
      config: { ias: 52, oas: 52, pageSizes: GRANULE_64K },
      entries: 1024,
      level: 1,
      vtcr: { tg: 1, tsz: 12, ps: 6, sl: 2, ...COHERENT },
    },
    {
      config: { ias: 48, oas: 48, pageSizes: GRANULE_64K, coherentWalk: false },
      entries: 64,
      level: 1,
      vtcr: { tg: 1, tsz: 16, ps: 5, sl: 2, ...NON_COHERENT },
    },
  ])("$config: a root of $entries entries at level $level", ({ config, entries, level, vtcr }) => {
    const { registers, root } = programmed(armLpaeS2(config));
    expect(registers).toEqual({ vttbr: root, vtcr });
    expect(root % BigInt(entries * 8)).toBe(0n);
    useTable(armLpaeS2(config), ({ table }) => expect(table.dump()).toBe(`R 0 ${level} ${entries}\n`));
  });
});

describe("Mali registers", () => {
  it.each([
    // mode table, READ_INNER and, where the walk is coherent, SHARE_OUTER
    { coherentWalk: true, attributes: 0x17n },
    { coherentWalk: false, attributes: 0x7n },
  ])("coherent walk: $coherentWalk", ({ coherentWalk, attributes }) => {
    const { registers, root } = programmed(armMaliLpae({ ias: 48, oas: 40, coherentWalk }));
    expect(registers).toEqual({ transtab: root | attributes, memattr: 0x888d88n });
  });

  it("MEMATTR has the attributes that were given", () => {
    const mair = [0x88, 0x8d, 0x88, 0x4d, 0x4c, 0x8c];
    expect(programmed(armMaliLpae({ ias: 48, oas: 40, mair })).registers.memattr).toBe(0x8c4c4d888d88n);
  });
});

describe("AMDv1 registers", () => {
  it.each([
    { config: { ias: 48, oas: 52 }, mode: 4 },
    { config: { ias: 64, oas: 52 }, mode: 6 },
    { config: { ias: 39, oas: 52 }, mode: 3 },
    { config: { ias: 30, oas: 52, startLevels: 4 }, mode: 4 },
  ])("$config: mode $mode", ({ config, mode }) => {
    const { registers, root } = programmed(amdV1(config));
    expect(registers).toEqual({ root, mode });
  });
});
