import { Access, type IoPageTable, Prot } from "../../../bindings/index.js";
import type { Configuration } from "../../configurations/configuration.js";
import { smallestPage } from "../../configurations/geometry.js";
import type { Kind } from "./values.js";

export interface Method {
  name: keyof IoPageTable;
  /** The kind and a good value of each parameter. */
  parameters: readonly { kind: Kind; good: unknown }[];
  /** How the call says that a well-formed value does not fit this table. */
  refuses: "throws" | "map result" | "nothing unmapped" | "no translation";
}

/** Every method that takes addresses, sizes or protections, with arguments that would do something. */
export function methods(c: Configuration): Method[] {
  const page = Number(smallestPage(c));
  const iova = { kind: "iova", good: Number(c.base) + 2 * page } as const;
  const paddr = { kind: "paddr", good: 6 * page } as const;
  const size = { kind: "size", good: 2 * page } as const;
  const prot = { kind: "prot", good: Prot.READ | Prot.WRITE } as const;
  const pageSize = { kind: "pageSize", good: page } as const;
  const count = { kind: "count", good: 2 } as const;
  const gather = { kind: "gather", good: undefined } as const;
  const pages = { kind: "pages", good: [6 * page, 9 * page] } as const;
  const frames = { kind: "frames", good: Uint32Array.of(6, 9) } as const;
  const segments = { kind: "segments", good: [{ paddr: 6 * page, size: 2 * page }] } as const;
  return [
    { name: "mapList", parameters: [iova, pages, pageSize, prot], refuses: "throws" },
    { name: "mapFrames", parameters: [iova, frames, pageSize, prot], refuses: "throws" },
    { name: "mapSegments", parameters: [iova, segments, prot, { kind: "part", good: undefined }], refuses: "throws" },
    { name: "map", parameters: [iova, paddr, size, prot], refuses: "throws" },
    { name: "unmap", parameters: [iova, size, { kind: "unmapOptions", good: {} }], refuses: "throws" },
    { name: "mapPages", parameters: [iova, paddr, pageSize, count, prot], refuses: "map result" },
    { name: "unmapPages", parameters: [iova, pageSize, count, gather], refuses: "nothing unmapped" },
    { name: "mapRange", parameters: [iova, paddr, size, prot, gather], refuses: "map result" },
    { name: "unmapRange", parameters: [iova, size, gather], refuses: "nothing unmapped" },
    { name: "trim", parameters: [gather], refuses: "throws" },
    { name: "iovaToPhys", parameters: [iova], refuses: "no translation" },
    { name: "iovaToPhys64", parameters: [iova], refuses: "no translation" },
    { name: "access", parameters: [iova, { kind: "access", good: Access.READ }], refuses: "no translation" },
    { name: "walk", parameters: [iova], refuses: "throws" },
    { name: "mappings", parameters: [iova, size], refuses: "throws" },
  ];
}

/** Calls it as no type would allow; an iterator is started, because it may do its work at the first step. */
export function callWith(table: IoPageTable, name: keyof IoPageTable, args: readonly unknown[]): unknown {
  const method = table[name] as (...args: unknown[]) => unknown;
  const result = method.apply(table, [...args]);
  return name === "mappings" ? [...(result as Iterable<unknown>)] : result;
}
