// From mappings as they were and as they are to be: the changes of the table, no more than what differs.

import { runAt, type Segment, SegmentList } from "../segmentList.js";
import type { TableOp } from "../table/prepare/operations.js";
import { isRepeated, type Mapping, offsetAt, showSame } from "./mapping.js";

/** An operation of the table's that changes its entries. */
export type EntryChange =
  | Exclude<TableOp, { op: "mapList" | "mapSegments" }>
  | (Extract<TableOp, { op: "mapSegments" }> & { part: { start: number; size: number } });

/** A stretch in which one thing is done. */
interface Run {
  readonly kind: "unmap" | "protect" | "write";
  readonly start: number;
  end: number;
  /** What is shown from where on: of a write, where the parts do not continue each other. */
  readonly parts: { readonly mapping: Mapping; readonly start: number }[];
  readonly prot: number;
  /** Whether something was there. */
  over: boolean;
}

/**
 * @param old what goes, by address
 * @param now what comes, by address
 * @param isVacant whether a gap may be unmapped along with what is on both sides of it
 */
export function changesBetween(
  old: readonly Mapping[],
  now: readonly Mapping[],
  isVacant: (start: number, end: number) => boolean,
): EntryChange[] {
  const changes = new Changes(isVacant);
  let [i, j, at] = [0, 0, 0];
  for (let o = old[i], n = now[j]; o !== undefined || n !== undefined; o = old[i], n = now[j]) {
    const oldStart = o?.start ?? Number.POSITIVE_INFINITY;
    const nowStart = n?.start ?? Number.POSITIVE_INFINITY;
    const start = Math.max(at, Math.min(oldStart, nowStart));
    const was = o !== undefined && oldStart <= start ? o : undefined;
    const is = n !== undefined && nowStart <= start ? n : undefined;
    const end = Math.min(was?.end ?? oldStart, is?.end ?? nowStart);
    changes.add(start, end, was, is);
    if (was?.end === end) i++;
    if (is?.end === end) j++;
    at = end;
  }
  return changes.close();
}

class Changes {
  readonly #ops: EntryChange[] = [];
  readonly #isVacant: (start: number, end: number) => boolean;
  #run: Run | undefined;

  constructor(isVacant: (start: number, end: number) => boolean) {
    this.#isVacant = isVacant;
  }

  /** Of [start, end): what was shown there, and what is to be. */
  add(start: number, end: number, old: Mapping | undefined, now: Mapping | undefined): void {
    const was = old?.list === undefined ? undefined : old;
    const is = now?.list === undefined ? undefined : now;
    if (is === undefined) {
      if (was !== undefined) this.#unmap(start, end);
    } else if (was === undefined || !showSame(was, is, start)) this.#write(start, end, is, was !== undefined);
    else if (was.backing.prot !== is.backing.prot) this.#protect(start, end, is.backing.prot);
  }

  close(): EntryChange[] {
    this.#end();
    return this.#ops;
  }

  #unmap(start: number, end: number): void {
    const run = this.#run;
    const joins = run?.kind === "unmap" && (run.end === start || this.#isVacant(run.end, start));
    if (joins) run.end = end;
    else this.#begin({ kind: "unmap", start, end, parts: [], prot: 0, over: true });
  }

  #protect(start: number, end: number, prot: number): void {
    const run = this.#run;
    if (run?.kind === "protect" && run.end === start && run.prot === prot) run.end = end;
    else this.#begin({ kind: "protect", start, end, parts: [], prot, over: true });
  }

  #write(start: number, end: number, mapping: Mapping, over: boolean): void {
    const run = this.#run;
    const { prot } = mapping.backing;
    const last = run?.parts.at(-1);
    if (run?.kind === "write" && last !== undefined && run.end === start && run.prot === prot) {
      const continues = showSame(last.mapping, mapping, start);
      if (continues || !(isRepeated(last.mapping.backing) || isRepeated(mapping.backing))) {
        if (!continues) run.parts.push({ mapping, start });
        run.end = end;
        run.over ||= over;
        return;
      }
    }
    this.#begin({ kind: "write", start, end, parts: [{ mapping, start }], prot, over });
  }

  #begin(run: Run): void {
    this.#end();
    this.#run = run;
  }

  #end(): void {
    const run = this.#run;
    this.#run = undefined;
    if (run === undefined) return;
    const { start: iova, end, prot } = run;
    const size = end - iova;
    if (run.kind === "protect") this.#ops.push({ op: "protect", iova, size, prot });
    else if (run.kind === "unmap") this.#ops.push({ op: "unmap", iova, size });
    else for (const op of writes(run)) this.#ops.push(op);
  }
}

/** What is removed and mapped in one prepared update is replaced, with no fault in between. */
function writes(run: Run): EntryChange[] {
  const op = writeOf(run);
  if (!run.over) return [op];
  if (op.op === "map") return [{ ...op, op: "replace" }];
  return [{ op: "unmap", iova: run.start, size: run.end - run.start }, op];
}

function writeOf({ start: iova, end, parts, prot }: Run): EntryChange {
  const size = end - iova;
  const [first] = parts;
  const list = first?.mapping.list;
  if (first === undefined || list === undefined || parts.length > 1) {
    return { op: "mapSegments", iova, segments: joined(parts, end), prot, part: { start: 0, size } };
  }
  const offset = offsetAt(first.mapping, iova);
  if (isRepeated(first.mapping.backing)) return { op: "mapRepeat", iova, size, source: list, prot, phase: offset };
  return writeExtents(iova, size, list, offset, prot);
}

/** A part of a list; where it is contiguous, as one extent. */
export function writeExtents(iova: number, size: number, list: SegmentList, start: number, prot: number): EntryChange {
  const run = runAt(list, start);
  if (run.size >= size) return { op: "map", iova, paddr: run.paddr, size, prot };
  return { op: "mapSegments", iova, segments: list, prot, part: { start, size } };
}

/** The extents of neighbours as one list. */
function joined(parts: Run["parts"], end: number): SegmentList {
  const pieces: Segment[] = [];
  parts.forEach(({ mapping, start }, i) => {
    const { list } = mapping;
    const stop = parts[i + 1]?.start ?? end;
    for (let at = start; list !== undefined && at < stop; ) {
      const { paddr, size } = runAt(list, offsetAt(mapping, at));
      const bytes = Math.min(size, stop - at);
      pieces.push({ paddr, size: bytes });
      at += bytes;
    }
  });
  return new SegmentList(pieces);
}
