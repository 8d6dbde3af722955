import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { replay } from "../../bindings/cli/replay/replay.js";
import type { Report } from "../../bindings/cli/replay/report.js";
import { recordLines, writeTemporary } from "./records.js";

const HEADER = "# tracer: nop\n#\n# entries-in-buffer/entries-written: 9/9   #P:1\n#\n";
const wide = (value: number): string => `0x${value.toString(16).padStart(16, "0")}`;

function map(iova: number, paddr: number, size: number): string {
  const range = `iova=${wide(iova)} - ${wide(iova + size)}`;
  return `    kworker/u4:1-27      [000] .....    32.652196: map: IOMMU: ${range} paddr=${wide(paddr)} size=${size}`;
}

function unmap(iova: number, size: number, unmapped = size): string {
  const range = `iova=${wide(iova)} - ${wide(iova + size)}`;
  return `          <idle>-0       [000] d.h..    32.665238: unmap: IOMMU: ${range} size=${size} unmapped_size=${unmapped}`;
}

async function replayText(lines: readonly string[], header = HEADER): Promise<Report> {
  return replay({ file: writeTemporary("my.txt", `${header}${lines.join("\n")}\n`), timing: false });
}

/** The requests of a record of calls, as the tracepoints would have shown them. */
function asFtrace(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const [kind, , iova = "", paddr = "", pageSize = "", count = ""] = line.split(" ");
    if (kind === "M") return [map(parseInt(iova, 16), parseInt(paddr, 16), parseInt(pageSize, 16) * Number(count))];
    if (kind === "U") return [unmap(parseInt(iova, 16), parseInt(paddr, 16) * Number(pageSize))];
    return [];
  });
}

describe("ftrace text", () => {
  test("a real kernel's requests are replayed through map and unmap", async () => {
    const events = asFtrace(recordLines("arm-nvme-16k"));
    const file = writeTemporary("trace.gz", gzipSync(HEADER + events.join("\n")));
    const report = await replay({ file });
    expect(report.differences.first).toEqual([]);
    expect(report.record).toMatchObject({ source: "ftrace", domains: 1, lostEvents: 0 });
    expect(report.calls).toMatchObject({ map: 76_711, unmap: 16_614, lookUp: 0 });
    expect(report.table).toMatchObject({ calls: ["map", "unmap"], pageSizes: [16_384, 2 ** 25] });
    expect(report.leavesWritten).toEqual([{ pageSize: 16_384, leaves: 98_994 }]);
    expect(report.verdict.text).toMatch(/^equal to the trace: 16,614 unmaps removed what the kernel's did/);
    expect(report.nanoseconds?.unmap).toBeGreaterThan(0);
  });

  test("other events, older kernels' lines and the prefixes of trace-cmd are understood", async () => {
    const report = await replayText([
      "     swapper/0-1  [000] .....  1.145114: add_device_to_group: IOMMU: groupID=0 device=0000:00:00.0",
      " dd-99 [001]  2.5: map:                  IOMMU: iova=0x0000000000400000 paddr=0x0000000080000000 size=2097152",
      " dd 99 [001]  2.6: iommu:map: IOMMU: iova=0x600000 - 0x601000 paddr=0x90000000 size=4096",
      " dd-99 [001]  2.7: unmap:                IOMMU: iova=0x0000000000400000 size=2097152 unmapped_size=2097152",
      "",
    ]);
    expect(report.calls).toMatchObject({ map: 2, unmap: 1 });
    expect(report.leavesWritten).toEqual([
      { pageSize: 4096, leaves: 1 },
      { pageSize: 2 ** 21, leaves: 1 },
    ]);
    expect(report.atEnd.mappedBytes).toBe(4096);
    expect(report.verdict.equal).toBe(true);
  });

  test("an unmapped size that cannot be is a difference", async () => {
    const lines = [map(0x100000, 0x80000000, 0x4000), unmap(0x100000, 0x4000, 0x2000)];
    const short = await replayText(lines);
    expect(short.differences.first[0]).toMatchObject({ check: "unmap", line: 6, got: "more is mapped at 0x102000" });
    const twice = await replayText([
      map(0x100000, 0x80000000, 0x4000),
      unmap(0x100000, 0x4000),
      unmap(0x100000, 0x4000),
    ]);
    expect(twice.differences.first[0]).toMatchObject({ check: "unmap", line: 7, got: "0x0 unmapped" });
  });

  test("an unmap that stops at a hole leaves what lies behind it", async () => {
    const report = await replayText([
      map(0x100000, 0x80000000, 0x1000),
      map(0x102000, 0x80002000, 0x1000),
      unmap(0x100000, 0x3000, 0x1000),
      unmap(0x102000, 0x1000),
    ]);
    expect(report.differences.first).toEqual([]);
    expect(report.atEnd.mappedBytes).toBe(0);
  });

  test("what was mapped before the trace began is told and is no difference", async () => {
    const report = await replayText([
      unmap(0x200000, 0x4000),
      map(0x200000, 0x80000000, 0x2000),
      unmap(0x200000, 0x2000),
      map(0x300000, 0x80000000, 0x1000),
      unmap(0x300000, 0x2000),
    ]);
    expect(report.differences.first).toEqual([]);
    expect(report.ftrace).toEqual({ otherDomainMaps: 0, unmapsFromBefore: 2 });
  });

  test("maps over a live mapping are another domain's, and each unmap finds its own", async () => {
    const report = await replayText([
      map(0x100000, 0x80000000, 0x4000),
      map(0x100000, 0x90000000, 0x8000),
      unmap(0x100000, 0x8000),
      map(0x104000, 0xa0000000, 0x1000),
      unmap(0x100000, 0x4000),
    ]);
    expect(report.differences.first).toEqual([]);
    expect(report.ftrace).toEqual({ otherDomainMaps: 1, unmapsFromBefore: 0 });
    expect(report.record.domains).toBe(2);
    expect(report.atEnd.mappedBytes).toBe(0x1000);
  });

  test("lost events are told", async () => {
    const header = "# tracer: nop\n# entries-in-buffer/entries-written: 100/130   #P:1\n";
    const report = await replayText([map(0, 0x80000000, 0x1000), "CPU:0 [LOST 12 EVENTS]"], header);
    expect(report.record.lostEvents).toBe(42);
  });
});

describe("records of calls on another format than their own", () => {
  test("Intel's calls are replayed as requests, with their answers compared", async () => {
    const lines = [
      "D 0 0xffff8e8440a9aea0",
      "M 0 fffff000 10e92c000 1000 1 7 1000 0",
      "M 0 ff800000 110000000 1000 1024 6 400000 0",
      "T 0 ff812340 110012340",
      "T 0 ff000000 0",
      "U 0 ff800000 200000 2 - 400000",
      "S ff800000 ffbfffff 200000",
      "I ff800000 ffbfffff 1",
    ];
    const on = { format: "armLpaeS1", timing: false };
    const report = await replay({ file: writeTemporary("vtd.ops", lines.join("\n")), ...on });
    expect(report.record).toMatchObject({ machine: "intel", source: "calls" });
    expect(report.differences.first).toEqual([]);
    expect(report.leavesWritten).toEqual([
      { pageSize: 4096, leaves: 1 },
      { pageSize: 2 ** 21, leaves: 2 },
    ]);
    expect(report.table).toMatchObject({ format: "armLpaeS1", compared: "mappings", calls: ["map", "unmap"] });
    expect(report.verdict.text).toBe(
      "equal to the kernel's answers: 2 maps, 1 unmap, 2 look-ups (no snapshot of its tables to compare)",
    );
    const altered = lines.with(3, "T 0 ff812340 110012341");
    const other = await replay({ file: writeTemporary("vtd.ops", altered.join("\n")), ...on });
    expect(other.differences.first[0]).toMatchObject({ check: "look-up", line: 4 });
  });

  test("AMD's page sizes of any power of two are replayed too", async () => {
    const lines = [
      "D 0 0x1",
      "M 0 fffe0000 110020000 20000 1 3 20000 0",
      "I fffe0000 20000",
      "U 0 fffe0000 20000 1 0,0,0 20000",
    ];
    const written: Record<string, { pageSize: number; leaves: number }> = {
      armLpaeS1: { pageSize: 2 ** 16, leaves: 2 },
      vtdSecondStage: { pageSize: 4096, leaves: 32 },
      amdV1: { pageSize: 2 ** 17, leaves: 1 },
    };
    for (const [format, leaves] of Object.entries(written)) {
      const report = await replay({ file: writeTemporary("amd.ops", lines.join("\n")), format, timing: false });
      expect(report.record.machine).toBe("amd");
      expect(report.table.format).toBe(format);
      expect(report.verdict.equal).toBe(true);
      expect(report.leavesWritten).toEqual([leaves]);
      expect(report.atEnd.mappedBytes).toBe(0);
    }
  });
});
