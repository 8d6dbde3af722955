/** One table of ours on which recorded operations are carried out. */

import { type Format, type Gather, IoPageTable, type Iova } from "../../../bindings/index.js";
import type { TableCount } from "./backing.js";
import { codeOf } from "./errorCode.js";
import type { FlushRecorder } from "./flushRecorder.js";
import { Hardware, leafStep } from "./hardware.js";
import type { NewLine } from "./newLine.js";
import type { Operation } from "./operations.js";
import type { Answer, Effects, Outcome, TableDelta } from "./outcome.js";
import { executePaged } from "./paged.js";
import { executeRanged } from "./ranged.js";
import type { Variant } from "./variant.js";

export class Session {
  readonly table: IoPageTable<unknown>;
  readonly hardware: Hardware;
  /** Smallest first. */
  readonly pageSizes: readonly bigint[];
  /** Tables that the root took. */
  readonly opened: TableDelta;
  /** What `gunmap` collects in until `gsync`. */
  openGather: Gather | null = null;
  /** How the next iommu_map or iommu_unmap is replayed. */
  coreCalls: Variant["core"] = "split";
  private readonly inUseBefore: number;
  private destroyed = false;

  /** @throws IoPgtableError where our library refuses the configuration */
  constructor(
    readonly config: NewLine,
    readonly variant: Variant,
    private readonly recorder: FlushRecorder,
    format: Format<unknown>,
    gatherRanges: "merge" | "exact",
  ) {
    const { memory, allocator } = variant.backing;
    const before = variant.backing.count();
    this.inUseBefore = before.inUse;
    this.table = new IoPageTable(memory, {
      format,
      flush: recorder.ops,
      gatherRanges,
      ...(allocator === undefined ? {} : { allocator }),
    });
    this.opened = delta(before, variant.backing.count());
    this.hardware = new Hardware(variant.backing, this.table, config.format);
    this.pageSizes = [...this.table.pageSizes].sort((a, b) => a - b).map(BigInt);
  }

  run(operation: Operation): Outcome {
    let answer: Answer = {};
    const effects = this.measure(() => {
      answer = this.execute(operation);
    });
    return { ...answer, ...effects };
  }

  /** The flushes and tables that a change took. */
  measure(change: () => void): Effects {
    const before = this.variant.backing.count();
    change();
    return { events: this.recorder.take(), tables: delta(before, this.variant.backing.count()) };
  }

  /** @returns tables that it leaves behind */
  destroy(): number {
    if (!this.destroyed) {
      this.destroyed = true;
      this.table.destroy();
    }
    return this.variant.backing.count().inUse - this.inUseBefore;
  }

  /** An address as the API takes it: a number where that is exact, unless this variant wants bigints. */
  iova(value: bigint): Iova {
    const number = Number(value);
    const isExact = BigInt(number) === value && (number <= Number.MAX_SAFE_INTEGER || this.isPageMultiple(value));
    return isExact && !this.variant.bigintIovas ? number : value;
  }

  private isPageMultiple(value: bigint): boolean {
    return value % (this.pageSizes[0] ?? 1n) === 0n;
  }

  private execute(operation: Operation): Answer {
    switch (operation.kind) {
      case "phys":
        return { value: this.phys(operation.iova) };
      case "walk":
        return this.walk(operation.iova);
      case "dump":
        return { dump: this.table.dump() };
      case "free":
        return { value: BigInt(this.destroy()) };
      case "hardwareDirty":
        return { value: BigInt(this.hardware.write(operation.iova)) };
      case "setDirty":
        return { value: this.hardware.dirtyBits === undefined ? -95n : BigInt(this.hardware.write(operation.iova)) };
      default:
        return this.config.api === "io-pgtable" ? executePaged(this, operation) : executeRanged(this, operation);
    }
  }

  /** 0 where nothing is mapped, as Linux says it; that both ways to ask and the walk agree is seen to here. */
  private phys(iova: bigint): bigint {
    const exact = this.table.iovaToPhys64(iova);
    const number = this.table.iovaToPhys(this.iova(iova));
    const rounded = exact === null || exact < 2n ** 53n ? exact : exact - (exact % 8n);
    if ((number === null ? null : BigInt(number)) !== rounded) {
      throw new Error(`iovaToPhys gives ${number}, iovaToPhys64 ${exact}`);
    }
    if ((exact !== null) !== (leafStep(this.table, iova) !== null)) {
      throw new Error(`iovaToPhys64 gives ${exact}, and the walk does not agree`);
    }
    return exact ?? 0n;
  }

  /** By level, with the address bits 47:12 of pointers to tables left out. */
  private walk(iova: bigint): Answer {
    const ptes = [0n, 0n, 0n, 0n];
    let found = false;
    const refused = codeOf(() => {
      for (const { level, kind, entry } of this.table.walk(this.iova(iova))) {
        ptes[level] = kind === "table" ? entry & ~0xffff_ffff_f000n : entry;
        found = kind === "leaf";
      }
    });
    return { error: refused ?? (found ? null : "EINVAL"), ptes };
  }
}

function delta(before: TableCount, after: TableCount): TableDelta {
  const net = after.inUse - before.inUse;
  if (after.allocated === undefined || after.freed === undefined) return { net };
  return {
    net,
    allocated: after.allocated - (before.allocated ?? 0),
    freed: after.freed - (before.freed ?? 0),
  };
}
