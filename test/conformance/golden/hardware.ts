/**
 * What a device does to the entries behind the library's back: it finds the leaf of an address and changes its dirty
 * state. Also the way to a state that only Linux's own call would leave.
 */

import { type IoPageTable, IoPgtableError, type WalkStep } from "../../../bindings/index.js";
import type { Backing } from "./backing.js";

export interface DirtyBits {
  /** Whether hardware may make this leaf dirty. */
  tracked(entry: bigint): boolean;
  isDirty(entry: bigint): boolean;
  dirty(entry: bigint): bigint;
  clean(entry: bigint): bigint;
}

const DBM = 1n << 51n;
const AP_RDONLY = 1n << 7n;

/** Armv8.1 hardware management of dirty state: a leaf with DBM becomes writable when it is written. */
const ARM: DirtyBits = {
  tracked: (entry) => (entry & DBM) !== 0n,
  isDirty: (entry) => (entry & DBM) !== 0n && (entry & AP_RDONLY) === 0n,
  dirty: (entry) => entry & ~AP_RDONLY,
  clean: (entry) => entry | AP_RDONLY,
};

/** Where an architecture has a bit of its own for it. */
function dirtyBit(bit: bigint): DirtyBits {
  const mask = 1n << bit;
  return {
    tracked: () => true,
    isDirty: (entry) => (entry & mask) !== 0n,
    dirty: (entry) => entry | mask,
    clean: (entry) => entry & ~mask,
  };
}

const DIRTY_BITS: Readonly<Record<string, DirtyBits>> = {
  ARM_64_LPAE_S1: ARM,
  ARM_64_LPAE_S2: ARM,
  ARM_32_LPAE_S1: ARM,
  ARM_32_LPAE_S2: ARM,
  ARM_MALI_LPAE: ARM,
  amdv1: dirtyBit(6n),
  vtdss: dirtyBit(9n),
};

/** A leaf and its items, the words of the table that it consists of. */
export interface Leaf {
  readonly iova: bigint;
  readonly size: bigint;
  readonly itemSize: bigint;
  readonly items: readonly number[];
}

export class Hardware {
  readonly dirtyBits: DirtyBits | undefined;

  constructor(
    private readonly backing: Pick<Backing, "memory" | "offsetOf">,
    private readonly table: IoPageTable<unknown>,
    private readonly format: string,
  ) {
    this.dirtyBits = DIRTY_BITS[format];
  }

  /** @returns 0, -2 where nothing is mapped, -1 where the leaf may not become dirty */
  write(iova: bigint): number {
    const step = leafStep(this.table, iova);
    if (step === null) return -2;
    const entry = this.read(step.entryPaddr);
    if (this.dirtyBits === undefined || !this.dirtyBits.tracked(entry)) return -1;
    this.store(step.entryPaddr, this.dirtyBits.dirty(entry));
    return 0;
  }

  leafAt(iova: bigint): Leaf | null {
    const step = leafStep(this.table, iova);
    if (step === null) return null;
    const size = BigInt(step.size);
    const itemSize = this.format === "amdv1" ? 0x1000n * 512n ** BigInt(step.level) : size;
    const items: number[] = [];
    for (let at = step.iova; at < step.iova + size; at += itemSize) {
      items.push(leafStep(this.table, at)?.entryPaddr ?? step.entryPaddr);
    }
    return { iova: step.iova, size, itemSize, items };
  }

  isDirty(leaf: Leaf): boolean {
    return leaf.items.some((paddr) => this.dirtyBits?.isDirty(this.read(paddr)) ?? false);
  }

  clean(leaf: Leaf): void {
    for (const paddr of leaf.items) this.store(paddr, this.dirtyBits?.clean(this.read(paddr)) ?? this.read(paddr));
  }

  /** The words of these leaves as they are now; the result puts them back. */
  snapshot(leaves: readonly Leaf[]): () => void {
    const words = leaves.flatMap((leaf) => leaf.items.map((paddr) => [paddr, this.read(paddr)] as const));
    return () => {
      for (const [paddr, word] of words) this.store(paddr, word);
    };
  }

  private read(paddr: number): bigint {
    return this.view().getBigUint64(this.backing.offsetOf(paddr), true);
  }

  private store(paddr: number, entry: bigint): void {
    this.view().setBigUint64(this.backing.offsetOf(paddr), entry, true);
  }

  private view(): DataView {
    return new DataView(this.backing.memory.buffer);
  }
}

/** The step of a walk that ends in a leaf; null where nothing is mapped or the address is outside the table. */
export function leafStep(table: IoPageTable<unknown>, iova: bigint): WalkStep | null {
  try {
    const last = table.walk(iova).at(-1);
    return last?.kind === "leaf" ? last : null;
  } catch (error) {
    if (error instanceof IoPgtableError && error.code === "ERANGE") return null;
    throw error;
  }
}
