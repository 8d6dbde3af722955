import { Prot } from "../../index.js";
import { hexNumber } from "./hexNumber.js";
import { Op, OperationLog, type OpKind } from "./operationLog.js";
import type { RecordParser, TraceRecord } from "./record.js";

// Older kernels print no end of the range; trace-cmd and perf put their own blanks and prefixes before it.
const MAP = /\bmap:\s+IOMMU: iova=0x([0-9a-f]+)(?: - 0x[0-9a-f]+)? paddr=0x([0-9a-f]+) size=(\d+)/;
const UNMAP = /\bunmap:\s+IOMMU: iova=0x([0-9a-f]+)(?: - 0x[0-9a-f]+)? size=(\d+) unmapped_size=(\d+)/;
const TRACE_LIKE = /^#|^cpus=\d|\[\d{3,}\]|\bIOMMU: /;
const LOST = /\[LOST (\d+) EVENTS\]/;
const BUFFER = /entries-in-buffer\/entries-written: (\d+)\/(\d+)/;

/** Whether a line could stand in ftrace text at all. */
export function isTraceLike(line: string): boolean {
  return TRACE_LIKE.test(line);
}

/** Text of the public tracepoints iommu:map and iommu:unmap; all other lines are passed over. */
export class FtraceParser implements RecordParser {
  readonly #log = new OperationLog();
  #overwritten = 0;
  #lost = 0;

  line(text: string, number: number): void {
    if (text.includes("IOMMU: iova=")) this.#event(text, number);
    else if (text.startsWith("#")) this.#header(text);
    else if (text.includes("[LOST ")) this.#lost += Number(LOST.exec(text)?.[1] ?? 0);
  }

  finish(lines: number): TraceRecord {
    return {
      source: "ftrace",
      machine: "unknown",
      log: this.#log,
      marks: [],
      lines,
      lostEvents: this.#overwritten + this.#lost,
    };
  }

  #event(text: string, line: number): void {
    const unmap = UNMAP.exec(text);
    if (unmap !== null) {
      const [, iova, size, unmapped] = unmap;
      this.#request(Op.UNMAP, line, hexNumber(iova), Number(size), Number(unmapped));
      return;
    }
    const map = MAP.exec(text);
    if (map === null) return;
    const [, iova, paddr, size] = map;
    const at = this.#request(Op.MAP, line, hexNumber(iova), Number(size), Number(size));
    this.#log.columns.paddr[at] = hexNumber(paddr);
    // The tracepoint does not say; a device that may read and write faults on nothing that the real one did.
    this.#log.columns.prot[at] = Prot.READ | Prot.WRITE;
  }

  #request(kind: OpKind, line: number, iova: number, size: number, bytes: number): number {
    const at = this.#log.add(kind, line);
    const to = this.#log.columns;
    to.iova[at] = iova;
    to.pageSize[at] = size;
    to.count[at] = 1;
    to.bytes[at] = bytes;
    return at;
  }

  #header(text: string): void {
    const buffer = BUFFER.exec(text);
    if (buffer) this.#overwritten = Number(buffer[2]) - Number(buffer[1]);
  }
}
