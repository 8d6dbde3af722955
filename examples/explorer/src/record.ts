// Records of what a kernel asked of its IOMMU: lines of calls (examples/traces/README.md), or ftrace text of iommu:map and iommu:unmap.
import { Prot } from "io-pgtable";

export interface RecordEvent {
  readonly kind: "map" | "unmap";
  readonly iova: bigint;
  readonly paddr: number;
  readonly size: number;
  readonly prot: number;
}

export interface TraceRecord {
  readonly name: string;
  readonly events: readonly RecordEvent[];
  /** Events beyond those that are shown. */
  readonly left: number;
}

/** A film of more is no longer one to look at. */
const MOST_EVENTS = 20_000;
const MAP = /\bmap:\s+IOMMU: iova=0x([0-9a-f]+)(?: - 0x[0-9a-f]+)? paddr=0x([0-9a-f]+) size=(\d+)/;
const UNMAP = /\bunmap:\s+IOMMU: iova=0x([0-9a-f]+)(?: - 0x[0-9a-f]+)? size=(\d+)/;

const hexadecimal = (text: string | undefined): number => Number.parseInt(text ?? "", 16);

function ftraceEvent(line: string): RecordEvent | null {
  const unmap = UNMAP.exec(line);
  if (unmap !== null) {
    return { kind: "unmap", iova: BigInt(`0x${unmap[1]}`), paddr: 0, size: Number(unmap[2]), prot: 0 };
  }
  const map = MAP.exec(line);
  if (map === null) return null;
  const [, iova, paddr, size] = map;
  // The tracepoint does not say what is allowed.
  const prot = Prot.READ | Prot.WRITE;
  return { kind: "map", iova: BigInt(`0x${iova}`), paddr: hexadecimal(paddr), size: Number(size), prot };
}

function callEvent(fields: readonly string[]): RecordEvent | null {
  const [kind, , iova = ""] = fields;
  if (!/^[0-9a-f]+$/.test(iova)) return null;
  if (kind === "M") {
    const [, , , paddr, , , prot, mapped] = fields;
    const flags = hexadecimal(prot) & 0x3f;
    return {
      kind: "map",
      iova: BigInt(`0x${iova}`),
      paddr: hexadecimal(paddr),
      size: hexadecimal(mapped),
      prot: flags,
    };
  }
  if (kind !== "U") return null;
  return { kind: "unmap", iova: BigInt(`0x${iova}`), paddr: 0, size: hexadecimal(fields[6]), prot: 0 };
}

/** The domain of most calls: a film shows one table. */
function busiest(lines: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const line of lines) {
    const [, domain] = /^[MU] (\d+) /.exec(line) ?? [];
    if (domain !== undefined) counts.set(domain, (counts.get(domain) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? "0";
}

/** @throws Error where the text holds no event of either kind */
export function parseRecord(name: string, text: string): TraceRecord {
  const lines = text.split("\n");
  const domain = busiest(lines);
  const events: RecordEvent[] = [];
  let left = 0;
  for (const line of lines) {
    const fields = line.split(" ");
    const event = line.includes("IOMMU: iova=") ? ftraceEvent(line) : fields[1] === domain ? callEvent(fields) : null;
    if (event === null || !(event.size > 0)) continue;
    if (events.length < MOST_EVENTS) events.push(event);
    else left++;
  }
  if (events.length === 0) throw new Error(`${name} holds neither calls nor ftrace text of iommu:map and iommu:unmap`);
  return { name, events, left };
}
