// The tables as the guest has them at one moment, read by the library: what a device without a TLB would find.
import { Access, type Format, IoPageTable, TableMemory } from "../../../bindings/index.js";
import type { Area } from "../walkers/walker.js";
import type { Piece } from "./guestTables.js";

const WASM_PAGE = 65536;

export class Mirror {
  readonly #wasm: WebAssembly.Memory;
  readonly #table: IoPageTable;

  constructor(
    private readonly area: Area,
    bytes: number,
    format: Format,
    root: bigint,
  ) {
    const pages = Math.ceil(bytes / WASM_PAGE);
    this.#wasm = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const windows = [{ offset: 0, bytes: pages * WASM_PAGE, physBase: area.start }];
    const memory = TableMemory.over(this.#wasm, { windows });
    this.#table = IoPageTable.open(memory, { format, root: Number(root) });
  }

  apply(pieces: readonly Piece[]): void {
    const bytes = new Uint8Array(this.#wasm.buffer);
    for (const { address, data } of pieces) bytes.set(data, address - this.area.start);
  }

  /** Where a write ends; null where it faults. */
  writeTo(iova: bigint): number | null {
    const answer = this.#table.access(Number(iova), Access.WRITE | Access.PRIV);
    return answer < 0 ? null : answer;
  }
}
