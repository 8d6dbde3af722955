// The list of formats: a format is its file here and its line below.

export { type AmdV1Config, amdV1 } from "./amdV1.js";
export { appleDart, appleDart2, type DartRegisters } from "./appleDart.js";
export { type ArmLpaeS1Registers, arm32LpaeS1, armLpaeS1 } from "./armLpaeS1.js";
export { type ArmLpaeS2Registers, arm32LpaeS2, armLpaeS2 } from "./armLpaeS2.js";
export type { ArmLpaeConfig, ArmLpaeQuirk } from "./armLpaeShared.js";
export { type MaliCsfRegisters, maliCsfRegisters } from "./armMaliCsf.js";
export { armMaliLpae } from "./armMaliLpae.js";
export { type ArmV7sConfig, type ArmV7sQuirk, type ArmV7sRegisters, armV7s } from "./armV7s.js";
export type { CommonConfig, Format } from "./format.js";
export { type RiscvConfig, riscv } from "./riscv.js";
export { type VtdSecondStageConfig, vtdSecondStage } from "./vtdSecondStage.js";
export { type X86Config, x86_64 } from "./x86_64.js";
