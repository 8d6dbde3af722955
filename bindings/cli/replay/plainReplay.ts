import type { FlushOps, Gather, IoPageTable, TableMemory } from "../../index.js";
import { Op, type OperationLog } from "./operationLog.js";
import { unmapRequest } from "./requestReplay.js";
import type { ReplayTarget } from "./target.js";

const NOTHING_TO_FLUSH: FlushOps = { flushAll() {}, flushWalk() {}, flushRange() {} };

/** The same operations on fresh tables, without the checks. */
export class PlainReplay {
  readonly #log: OperationLog;
  readonly #call: ReplayTarget["call"];
  readonly tables: IoPageTable[] = [];
  readonly #gathers: Gather[] = [];
  #gathering = 0;

  constructor(memory: TableMemory, target: ReplayTarget, log: OperationLog, domains: number) {
    this.#log = log;
    this.#call = target.call;
    for (let domain = 0; domain < domains; domain++) {
      const { table } = target.createTable(memory, NOTHING_TO_FLUSH);
      this.tables.push(table);
      this.#gathers.push(table.gather());
    }
  }

  step(index: number): void {
    const { kind, domain, iova } = this.#log.columns;
    const number = domain[index] ?? 0;
    switch (kind[index]) {
      case Op.MAP:
        this.#map(index, this.#table(number));
        break;
      case Op.UNMAP:
        this.#gathering = number;
        this.#unmap(index, this.#table(number));
        break;
      case Op.LOOKUP:
        this.#table(number).iovaToPhys(iova[index] ?? 0);
        break;
      case Op.SYNC:
        if (this.#call !== "map") this.#gathers[this.#gathering]?.sync();
        break;
    }
  }

  destroy(): void {
    for (const table of this.tables) table.destroy();
  }

  #table(number: number): IoPageTable {
    const table = this.tables[number];
    if (table === undefined) throw new RangeError(`domain ${number} was never used`);
    return table;
  }

  #map(index: number, table: IoPageTable): void {
    const { iova, paddr, pageSize, count, prot, bytes } = this.#log.columns;
    const [va, pa, page, pages] = [iova[index] ?? 0, paddr[index] ?? 0, pageSize[index] ?? 0, count[index] ?? 0];
    if (this.#call === "mapPages") {
      table.mapPages(va, pa, page, pages, prot[index] ?? 0);
      return;
    }
    if (this.#call === "mapRange") {
      table.mapRange(va, pa, page * pages, prot[index] ?? 0);
      return;
    }
    const size = bytes[index] ?? 0;
    if (size > 0) table.map(va, pa, size, prot[index] ?? 0);
  }

  #unmap(index: number, table: IoPageTable): void {
    const { iova, pageSize, count, bytes } = this.#log.columns;
    const [va, page, pages] = [iova[index] ?? 0, pageSize[index] ?? 0, count[index] ?? 0];
    if (this.#call === "mapPages") table.unmapPages(va, page, pages, this.#gathers[this.#gathering]);
    else if (this.#call === "mapRange") table.unmapRange(va, page * pages, this.#gathers[this.#gathering]);
    else unmapRequest(table, va, page * pages, bytes[index] ?? 0);
  }
}
