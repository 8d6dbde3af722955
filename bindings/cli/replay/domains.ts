import type { Gather, IoPageTable, TableMemory } from "../../index.js";
import { FlushRecorder } from "./flushRecorder.js";
import type { Range } from "./operationLog.js";
import type { ReplayTarget, TargetTable } from "./target.js";

/** One IOMMU domain of the record: a page table, its gather, and what the record has said about that gather. */
export class Domain {
  readonly flush: FlushRecorder = new FlushRecorder();
  readonly table: IoPageTable;
  readonly registersOtherThan: TargetTable["registersOtherThan"];
  readonly gather: Gather;
  /** What the kernel's gather must hold by now. */
  gathered: Range | null = null;
  /** Table pages that the kernel unlinked, with a flush of their own, since the last sync. */
  unlinked = 0;
  mappedBytes = 0;

  constructor(
    readonly number: number,
    memory: TableMemory,
    target: ReplayTarget,
  ) {
    const made = target.createTable(memory, this.flush);
    this.table = made.table;
    this.registersOtherThan = made.registersOtherThan;
    this.gather = made.table.gather();
  }

  addToGather(iova: number, bytes: number, pageSize: number): void {
    if (bytes === 0) return;
    const held = this.gathered;
    if (held === null) {
      this.gathered = { iova, bytes, pageSize };
      return;
    }
    const start = Math.min(held.iova, iova);
    const end = Math.max(held.iova + held.bytes, iova + bytes);
    this.gathered = { iova: start, bytes: end - start, pageSize: Math.min(held.pageSize, pageSize) };
  }

  emptyGather(): void {
    this.gathered = null;
    this.unlinked = 0;
  }
}

/** The domains of one replay, made as the record first names them. */
export class Domains {
  readonly #byNumber = new Map<number, Domain>();

  constructor(
    readonly memory: TableMemory,
    readonly target: ReplayTarget,
  ) {}

  get(number: number): Domain {
    let domain = this.#byNumber.get(number);
    if (domain === undefined) {
      domain = new Domain(number, this.memory, this.target);
      this.#byNumber.set(number, domain);
    }
    return domain;
  }

  first(): Domain {
    return this.all()[0] ?? this.get(0);
  }

  all(): Domain[] {
    return [...this.#byNumber.values()];
  }

  destroy(): void {
    for (const domain of this.all()) domain.table.destroy();
  }
}
