// An encryption bit among the low address bits, where AMD's large leaves have the code of their size.
import { expect, it } from "vitest";
import { amdV1, Prot, TableMemory } from "../../bindings/index.js";
import { useTable } from "./support/fixture.js";

const K4 = 0x1000;
const MIB = 2 ** 20;
const BIT = 19;
const RW = Prot.READ | Prot.WRITE;

it("is clear in a page that becomes MMIO, and set again in one that is not any more", () => {
  const wasm = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
  const bytes = 2 ** BIT;
  const memory = TableMemory.over(wasm, {
    windows: [{ offset: 2 * MIB, bytes, physBase: 0 }],
    bookkeeping: { offset: MIB, bytes: TableMemory.bookkeepingBytes(bytes) },
  });
  const pages = new Set<number>();
  const allocator = {
    alloc: () => {
      const page = 2 * MIB + pages.size * K4;
      pages.add(page);
      return page;
    },
    free: (page: number) => void pages.delete(page),
  };
  useTable(
    amdV1({ ias: 39, oas: 40, encryptionBit: BIT }),
    ({ table }) => {
      table.map(0, 0, 2 * K4, RW);
      const isEncrypted = (iova: number): boolean =>
        (((table.walk(iova).at(-1)?.entry ?? 0n) >> BigInt(BIT)) & 1n) === 1n;
      table.protect(0, K4, RW | Prot.MMIO);
      expect([0, K4].map(isEncrypted)).toEqual([false, true]);
      table.protect(0, K4, RW);
      expect([0, K4].map(isEncrypted)).toEqual([true, true]);
    },
    { memory, allocator },
  );
  expect(pages.size).toBe(0);
});
