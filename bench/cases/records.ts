// What kernels and programs really did: the calls of a kernel for a disk, the addresses of a compressor.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { TableMemory } from "../../bindings/index.js";
import type { BenchCase, Operation, OperationPlan } from "../harness/case.js";
import { tableDigest } from "../harness/tableReader.js";
import { linuxCases } from "../peers/linux/linuxPeer.js";
import * as contenders from "./contenders.js";
import { BULK, OURS, RECORD, RECORD_LOOK_UP, SINGLE } from "./names.js";

const PAGE = 2 ** 12;
const GIGA = 2 ** 30;
const SIZES = [PAGE, 2 ** 21, GIGA];
const U64 = 2n ** 64n - 1n;
/** Seen from build/bench/bench/cases/, where this runs. */
const PROJECT = new URL("../../../../", import.meta.url);
const CALLS = "examples/traces/arm-nvme-strict.ops.gz";
const ACCESSES = "bench/data/xz-accesses.bin.gz";
const HEADER_BYTES = 8;

const unpack = (path: string): Buffer => gunzipSync(readFileSync(new URL(path, PROJECT)));

export function recordPlans(memory: TableMemory): OperationPlan[] {
  return [
    { name: RECORD, prepare: () => prepareCalls(memory) },
    { name: RECORD_LOOK_UP, prepare: () => prepareLookUps(memory) },
  ];
}

interface Call {
  readonly maps: boolean;
  readonly iova: number;
  readonly paddr: number;
  readonly pageSize: number;
  readonly pages: number;
  readonly prot: number;
}

function recordedCalls(): Call[] {
  const hex = (word = ""): number => Number.parseInt(word, 16);
  return unpack(CALLS)
    .toString()
    .split("\n")
    .flatMap((line) => {
      const [kind, , iova, a, b, c, d] = line.split(" ");
      if (kind === "M") {
        return { maps: true, iova: hex(iova), paddr: hex(a), pageSize: hex(b), pages: Number(c), prot: hex(d) };
      }
      if (kind === "U") return { maps: false, iova: hex(iova), paddr: 0, pageSize: hex(a), pages: Number(b), prot: 0 };
      return [];
    });
}

function prepareCalls(memory: TableMemory): Operation {
  const calls = recordedCalls();
  const answerOf = (result: string, digest: string): string => `${result}, then ${digest}`;
  const input = BigUint64Array.from(
    calls.flatMap(({ maps, iova, paddr, pageSize, pages, prot }) =>
      [maps ? 1 : 0, iova, paddr, pageSize, prot * 65536 + pages].map(BigInt),
    ),
  );
  let table = contenders.ourTable(memory, SIZES);
  const results = new Float64Array(calls.length);
  const ours: BenchCase = {
    name: OURS,
    step() {
      let at = 0;
      for (const { maps, iova, paddr, pageSize, pages, prot } of calls) {
        results[at++] = maps
          ? table.mapPages(iova, paddr, pageSize, pages, prot).mapped
          : table.unmapPages(iova, pageSize, pages);
      }
    },
    restore() {
      table.destroy();
      table = contenders.ourTable(memory, SIZES);
    },
    answer() {
      // The peer's digest leaves out tables that map nothing.
      table.trim();
      const result = results.reduce((sum, bytes) => (sum * 31n + BigInt(bytes)) & U64, 0n);
      return answerOf(`${result}`, tableDigest(contenders.rawTablesOfOurs(memory, table)));
    },
  };
  return {
    name: RECORD,
    unit: "call",
    unitsPerStep: calls.length,
    cases: [ours, ...linuxCases({ work: "replay", input, answer: answerOf })],
    dispose() {
      table.destroy();
      contenders.refuseLeaks(memory);
    },
  };
}

/** The addresses of the accesses, each from its difference to the one before. */
function recordedAddresses(): Float64Array {
  const bytes = unpack(ACCESSES);
  let at = HEADER_BYTES;
  let address = 0;
  return Float64Array.from({ length: bytes.readUInt32LE(4) }, () => {
    at += 1;
    let zigzag = 0;
    let scale = 1;
    let byte: number;
    do {
      byte = bytes[at++] ?? 0;
      zigzag += (byte & 0x7f) * scale;
      scale *= 128;
    } while (byte >= 0x80);
    address += zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    return address;
  });
}

function prepareLookUps(memory: TableMemory): Operation {
  const recorded = recordedAddresses();
  const touched = [...new Set(recorded.map((address) => address - (address % PAGE)))];
  const addresses = memory.float64Array(recorded.length);
  addresses.set(recorded);
  const found = memory.float64Array(recorded.length);
  const table = contenders.ourTable(memory, SIZES);
  touched.forEach((page, i) => {
    table.map(page, 8 * GIGA + (i + 1) * 2 * PAGE, PAGE, contenders.PROT);
  });
  let sum = 0;
  const cases: BenchCase[] = [
    {
      name: SINGLE,
      step() {
        sum = 0;
        for (const address of addresses) sum += table.iovaToPhys(address) ?? Number.NaN;
      },
      answer: () => `${sum}`,
    },
    {
      name: BULK,
      step() {
        table.translate(addresses, found);
      },
      answer: () => `${found.reduce((total, paddr) => total + paddr, 0)}`,
    },
  ];
  const words = BigUint64Array.from([touched.length, ...touched, ...recorded], BigInt);
  return {
    name: RECORD_LOOK_UP,
    unit: "look-up",
    unitsPerStep: recorded.length,
    cases: [...cases, ...linuxCases({ work: "look-up-trace", input: words, answer: (result) => result })],
    dispose() {
      table.destroy();
      contenders.refuseLeaks(memory);
    },
  };
}
