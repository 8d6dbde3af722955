/** Recorded io-pgtable configurations -> the options of our formats. */

import type { ArmLpaeConfig } from "../../../bindings/index.js";
import { type IoPgtableNew, Quirk } from "./newLine.js";
import { type Hooks, Unsayable } from "./unsayable.js";

type QuirkName = Exclude<keyof typeof Quirk, "NO_WARN">;

interface PagedConfig {
  ias: number;
  oas: number;
  pageSizes: readonly number[];
  coherentWalk: boolean;
  syncForDevice?: (paddr: number, bytes: number) => void;
}

export type V7sConfig = PagedConfig & { quirks: readonly V7sQuirk[] };
type V7sQuirk = "ARM_NS" | "NO_PERMS" | "ARM_MTK_EXT" | "ARM_MTK_TTBR_EXT";

/**
 * All known quirks are passed on, those that the format does not have too: it must refuse them.
 * @param refused Linux refused this configuration
 */
export function lpaeConfig(config: IoPgtableNew, hooks: Hooks, refused: boolean): ArmLpaeConfig | Unsayable {
  const quirks = quirkNames(config, refused);
  if (quirks instanceof Unsayable) return quirks;
  return { ...pagedConfig(config, hooks), quirks: quirks as NonNullable<ArmLpaeConfig["quirks"]> };
}

export function v7sConfig(config: IoPgtableNew, hooks: Hooks, refused: boolean): V7sConfig | Unsayable {
  const quirks = quirkNames(config, refused);
  if (quirks instanceof Unsayable) return quirks;
  return { ...pagedConfig(config, hooks), quirks: quirks as V7sQuirk[] };
}

export function dartConfig(config: IoPgtableNew, hooks: Hooks): PagedConfig | Unsayable {
  if (config.quirks !== 0) return new Unsayable("a quirk where our format has no quirks");
  return pagedConfig(config, hooks);
}

/** Linux constructs a DART2 table with 4K pages, whose entries cannot hold the address of a table: ours does not. */
export function dart2Config(config: IoPgtableNew, hooks: Hooks, refused: boolean): PagedConfig | Unsayable {
  if (!refused && config.pageSizes.includes(0x1000)) return new Unsayable("DART2 with 4K pages");
  return dartConfig(config, hooks);
}

function pagedConfig(config: IoPgtableNew, hooks: Hooks): PagedConfig {
  return {
    ias: config.ias,
    oas: config.oas,
    pageSizes: config.pageSizes,
    coherentWalk: config.coherent,
    ...(config.coherent ? {} : { syncForDevice: hooks.syncForDevice }),
  };
}

/** NO_WARN only silences Linux's log, so that an accepted one is left out; one that Linux refuses cannot be said. */
function quirkNames(config: IoPgtableNew, refused: boolean): QuirkName[] | Unsayable {
  if (config.quirks & Quirk.NO_WARN && refused) return new Unsayable("NO_WARN refused");
  const names: QuirkName[] = [];
  let rest = config.quirks & ~Quirk.NO_WARN;
  for (const [name, bit] of Object.entries(Quirk)) {
    if (name === "NO_WARN" || (rest & bit) === 0) continue;
    names.push(name as QuirkName);
    rest &= ~bit;
  }
  return rest === 0 ? names : new Unsayable("an unknown quirk");
}
