/** What ours does in dirty reads where it differs from Linux on purpose. */

import { afterEach, describe, expect, test } from "vitest";
import { amdV1, IoPageTable, Prot, TableMemory } from "../../../bindings/index.js";
import { FlushRecorder } from "./flushRecorder.js";
import { Hardware } from "./hardware.js";

const K4 = 0x1000;
const LEAF = 0x1_0000;
const M2 = 0x20_0000;

describe("a dirty read, where ours differs from Linux", () => {
  const memory = TableMemory.create({ bytes: M2 });
  const tables: IoPageTable<unknown>[] = [];

  /** A contiguous leaf of 16 items, written to in its third, and a 2M leaf behind a hole, written to as well. */
  function written() {
    const flushes = new FlushRecorder("generic_pt", () => undefined);
    const format = amdV1({ ias: 48, oas: 52, startLevels: 3 });
    const table = new IoPageTable<unknown>(memory, { format, flush: flushes.ops });
    tables.push(table);
    table.map(LEAF, LEAF, LEAF, Prot.READ | Prot.WRITE);
    table.map(M2, M2, M2, Prot.READ | Prot.WRITE);
    const hardware = new Hardware({ memory, offsetOf: (paddr) => paddr - memory.physBase }, table, "amdv1");
    hardware.write(BigInt(LEAF + 2 * K4));
    hardware.write(BigInt(M2));
    const read = (iova: number, size: number, clear: boolean): string => {
      const bitmap = new Uint8Array(Math.ceil(size / K4 / 8));
      const gather = table.gather();
      table.readDirty(iova, size, bitmap, { clear, gather });
      gather.sync();
      return Buffer.from(bitmap).toString("hex");
    };
    return { read, flushes };
  }

  afterEach(() => {
    for (const table of tables.splice(0)) table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  test("reports the whole of a contiguous leaf", () => {
    expect(written().read(LEAF, LEAF, false)).toBe("ffff");
  });

  test("reports only inside the range, and keeps the state of a leaf that sticks out of it", () => {
    const { read, flushes } = written();
    expect(read(LEAF + 2 * K4, 4 * K4, true)).toBe("0f");
    expect(flushes.take()).toEqual([]);
    expect(read(LEAF, LEAF, true)).toBe("ffff");
    expect(flushes.take()).toEqual([["sync", "0x10000", "0x1ffff", 0]]);
    expect(read(LEAF, LEAF, true)).toBe("0000");
  });

  test("skips holes", () => {
    const bits = written().read(0, 2 * M2, false);
    expect(bits).toBe(`0000ffff${"00".repeat(60)}${"ff".repeat(64)}`);
  });

  test("flushes nothing where it clears nothing", () => {
    const { read, flushes } = written();
    read(0, 2 * M2, false);
    expect(flushes.take()).toEqual([]);
  });
});
