// Replays what a kernel did with its IOMMU, on any format: a short version of `npx io-pgtable replay`, to start one's own from.
//
//   node replay.mjs [RECORD]     default: the record of an NVMe disk beside this file
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { IoPageTable, TableMemory, vtdSecondStage } from "io-pgtable";

const RECORD = process.argv[2] ?? new URL("traces/arm-nvme-16k.ops.gz", import.meta.url);
const flushes = { range: 0, walk: 0 };
const flush = {
  flushAll() {},
  flushWalk() {
    flushes.walk++;
  },
  flushRange() {
    flushes.range++;
  },
};
const memory = TableMemory.create();
const table = new IoPageTable(memory, { format: vtdSecondStage({ ias: 48, oas: 52 }), flush });

// One call a line, numbers in hexadecimal: traces/README.md has the format.
const number = (/** @type {string | undefined} */ text) => Number.parseInt(text ?? "", 16);
const calls = { map: 0, unmap: 0, lookUp: 0 };
let mostBytes = 0;
let bytes = 0;
for (const line of gunzipSync(readFileSync(RECORD)).toString("latin1").split("\n")) {
  const [kind, , iova, second, , , last, mapped] = line.split(" ");
  if (kind === "M") {
    calls.map++;
    table.map(number(iova), number(second), number(mapped), number(last));
    bytes += number(mapped);
    mostBytes = Math.max(mostBytes, bytes);
  } else if (kind === "U") {
    calls.unmap++;
    bytes -= table.unmap(number(iova), number(last));
  } else if (kind === "T") {
    calls.lookUp++;
    const found = table.iovaToPhys(number(iova)) ?? 0;
    if (found !== number(second)) throw new Error(`${line}: here 0x${found.toString(16)}`);
  }
}
console.log(calls, flushes);
console.log(`at most ${mostBytes / 1024} KiB mapped, ${memory.stats().tablePagesPeak} table pages`);
console.log(`at the end ${bytes / 1024} KiB by`, table.stats().leaves);
table.destroy();

// Prints:
//   { map: 76711, unmap: 16614, lookUp: 12507 } { range: 4293, walk: 12321 }
//   at most 15424 KiB mapped, 14 table pages
//   at the end 192 KiB by Map(1) { 4096 => 48 }
