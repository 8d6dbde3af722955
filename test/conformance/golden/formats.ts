/**
 * The formats that the records name. One that our library has is run; one without its constructor here is counted as
 * not built yet. Turning a format on is giving it its constructor.
 */

import {
  amdV1,
  appleDart,
  appleDart2,
  arm32LpaeS1,
  arm32LpaeS2,
  armLpaeS1,
  armLpaeS2,
  armMaliLpae,
  armV7s,
  type Format,
  riscv,
  vtdSecondStage,
  x86_64,
} from "../../../bindings/index.js";
import { amdV1Config, riscvConfig, vtdConfig, x86Config } from "./genericPtConfig.js";
import { dart2Config, dartConfig, lpaeConfig, v7sConfig } from "./ioPgtableConfig.js";
import { Feature, type GenericPtNew, type IoPgtableNew, type NewLine } from "./newLine.js";
import { type Hooks, Unsayable } from "./unsayable.js";

export interface Plan {
  /** Calls the format's function, which may refuse; null where the format is not built yet. */
  readonly format: (() => Format<unknown>) | null;
  readonly gatherRanges: "merge" | "exact";
}

type Planner = (config: NewLine, hooks: Hooks, refused: boolean) => Plan | Unsayable;

export const FORMATS: Readonly<Record<string, Planner>> = {
  ARM_64_LPAE_S1: paged(lpaeConfig, armLpaeS1),
  ARM_64_LPAE_S2: paged(lpaeConfig, armLpaeS2),
  ARM_32_LPAE_S1: paged(lpaeConfig, arm32LpaeS1),
  ARM_32_LPAE_S2: paged(lpaeConfig, arm32LpaeS2),
  ARM_MALI_LPAE: paged(lpaeConfig, armMaliLpae),
  ARM_V7S: paged(v7sConfig, armV7s),
  APPLE_DART: paged(dartConfig, appleDart),
  APPLE_DART2: paged(dart2Config, appleDart2),
  amdv1: ranged(amdV1Config, amdV1),
  vtdss: ranged(vtdConfig, vtdSecondStage),
  x86_64: ranged(x86Config, x86_64),
  riscv64: ranged(riscvConfig, riscv),
};

export function plan(config: NewLine, hooks: Hooks, refused: boolean): Plan | Unsayable {
  const planner = FORMATS[config.format];
  if (planner === undefined) throw new Error(`a format that the runner does not know: ${config.line}`);
  return planner(config, hooks, refused);
}

/** Whether this configuration is one that our library should have a table for, or refuse. */
export function isBuilt(config: NewLine, refused: boolean): boolean {
  const planned = plan(config, { changeTop: () => {}, syncForDevice: () => {} }, refused);
  return !(planned instanceof Unsayable) && planned.format !== null;
}

function paged<Config>(
  options: (config: IoPgtableNew, hooks: Hooks, refused: boolean) => Config | Unsayable,
  make?: (options: Config) => Format<unknown>,
): Planner {
  return (config, hooks, refused) => {
    if (config.api !== "io-pgtable") throw new Error(`not an io-pgtable configuration: ${config.line}`);
    return planOf(options(config, hooks, refused), make, "merge");
  };
}

function ranged<Config>(
  options: (config: GenericPtNew, hooks: Hooks, refused: boolean) => Config | Unsayable,
  make?: (options: Config) => Format<unknown>,
): Planner {
  return (config, hooks, refused) => {
    if (config.api !== "generic_pt") throw new Error(`not a generic_pt configuration: ${config.line}`);
    const exact = (config.features & Feature.FLUSH_RANGE_NO_GAPS) !== 0;
    return planOf(options(config, hooks, refused), make, exact ? "exact" : "merge");
  };
}

function planOf<Config>(
  options: Config | Unsayable,
  make: ((options: Config) => Format<unknown>) | undefined,
  gatherRanges: Plan["gatherRanges"],
): Plan | Unsayable {
  if (options instanceof Unsayable) return options;
  return { format: make === undefined ? null : () => make(options), gatherRanges };
}
