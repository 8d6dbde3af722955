// What every foreign walker has in common.
import type { GuestRam } from "../qemu/guestRam.js";

/** One access; `access` as `Access` of the library. */
export interface Probe {
  readonly iova: bigint;
  readonly access: number;
  /** Where it should lead, for walkers that are faster when they know where to look; what they find is told all the same. */
  readonly expected?: number;
}

/** Why an access was refused, as far as the walker says. */
export type FaultKind = "unmapped" | "permission" | "address size" | "not said" | (string & {});

export interface Hit {
  readonly pa: number;
  /** Whether data was really moved; null where that cannot be seen. */
  readonly moved: boolean | null;
  /** Memory attributes and shareability, from walkers that tell. */
  readonly memory?: { readonly attributes: number; readonly share: number };
}

export interface Refusal {
  readonly fault: FaultKind;
  /** The architecture's level at which the walk ended, from walkers that tell. */
  readonly level?: number;
}

export type Answer = Hit | Refusal;

/** Physical addresses, end exclusive. */
export interface Area {
  readonly start: number;
  readonly end: number;
}

export interface Walker {
  readonly ram: GuestRam;
  /** RAM for tables, near and far, and for what they map; and addresses where nothing is, which can be translated to. */
  readonly areas: { readonly tables: readonly Area[]; readonly data: Area; readonly nowhere: Area | null };
  probe(probes: readonly Probe[]): Promise<Answer[]>;
  close(): Promise<void>;
}

export const MIB: number = 2 ** 20;
export const GIB: number = 2 ** 30;
export const TIB: number = 2 ** 40;
