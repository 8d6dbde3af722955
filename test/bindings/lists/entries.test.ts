// Which numbers are addresses: one odd entry among thousands of plain ones, which go to tables many at a time. It is refused exactly when it is no multiple of
// the page size in the output space, and lands exactly where it says otherwise.
import { describe, expect, it } from "vitest";
import {
  amdV1,
  appleDart2,
  armLpaeS1,
  type Format,
  IoPageTable,
  IoPgtableError,
  riscv,
  TableMemory,
} from "../../../bindings/index.js";
import { failureOf } from "../support/failure.js";
import { flushJournal } from "../support/flushJournal.js";
import { RW, randomFrom } from "./listCase.js";

const SEED = Number(process.env.IO_PGTABLE_SEED ?? Date.now() % 1e9);
const LENGTH = 9216;
const FORMATS: [string, () => Format, number, number?][] = [
  ["ARM 4K", () => armLpaeS1({ ias: 48, oas: 48, pageSizes: [2 ** 12] }), 2 ** 12],
  ["ARM 4K, 36 output bits", () => armLpaeS1({ ias: 48, oas: 36 }), 2 ** 12],
  ["ARM 4K, LPA2", () => armLpaeS1({ ias: 52, oas: 52, lpa2: true }), 2 ** 12],
  ["ARM 16K", () => armLpaeS1({ ias: 47, oas: 48, pageSizes: [2 ** 14, 2 ** 25] }), 2 ** 14],
  ["ARM 64K, 52 bits", () => armLpaeS1({ ias: 52, oas: 52, pageSizes: [2 ** 16, 2 ** 29] }), 2 ** 16],
  ["AMDv1, an encryption bit", () => amdV1({ ias: 48, oas: 52, encryptionBit: 47 }), 2 ** 12, 47],
  ["RISC-V, 56 bits", () => riscv({ ias: 48, oas: 56 }), 2 ** 12],
  ["RISC-V, pages of 2M", () => riscv({ ias: 48, oas: 56 }), 2 ** 21],
  ["DART2", () => appleDart2({ ias: 36, oas: 42 }), 2 ** 14],
];

/** Numbers of every magnitude that are an address, nearly one, or none; in bytes. */
function oddNumbers(pageSize: number, random: (below: number) => number): number[] {
  const numbers = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, -pageSize, pageSize, Number.MIN_VALUE, 1e300, -1e300];
  for (let lg2 = -60 - random(2); lg2 <= 66; lg2 += 2) {
    const around = 2 ** lg2 * (1 + random(2 ** 20) / 2 ** 20);
    const page = Math.round(around / pageSize) * pageSize;
    numbers.push(around, 2 ** lg2, page, -page, page + 2 ** (lg2 - 52), page * (1 - Number.EPSILON / 2));
    numbers.push(
      page + 2 ** -random(40),
      page + 0.5,
      page - 0.25,
      page + 1,
      page + pageSize / 2,
      page + 2 ** random(30),
    );
  }
  return numbers;
}

class Subject {
  readonly memory = TableMemory.create({ bytes: 2 ** 22 });
  readonly table: IoPageTable;
  readonly iova: number;
  readonly pages: Float64Array;
  readonly frames: Float64Array;
  readonly narrow: Uint32Array;

  constructor(
    format: Format,
    readonly pageSize: number,
    readonly random: (below: number) => number,
    readonly encryptionBit: number | undefined,
  ) {
    this.table = new IoPageTable(this.memory, { format, flush: flushJournal().flush });
    this.iova = 512 * pageSize;
    this.pages = this.memory.float64Array(LENGTH);
    this.frames = this.memory.float64Array(LENGTH);
    const { buffer, byteOffset } = this.memory.float64Array(LENGTH / 2);
    this.narrow = new Uint32Array(buffer, byteOffset, LENGTH);
  }

  /** Plain pages in [low, 2 * low), so that their exponents are what the odd one's is held against. */
  fill(low: number): void {
    for (let i = 0; i < LENGTH; i++) {
      this.frames[i] = low / this.pageSize + 2 * this.random(low / this.pageSize / 2);
      this.pages[i] = (this.frames[i] ?? 0) * this.pageSize;
    }
    this.narrow.set(this.frames);
  }

  isAddress(value: number): boolean {
    const { pageSize, encryptionBit } = this;
    if (!Number.isInteger(value) || value < 0 || value % pageSize !== 0 || value >= 2 ** this.table.oas) return false;
    return encryptionBit === undefined || Math.floor(value / 2 ** encryptionBit) % 2 === 0;
  }

  check(values: Float64Array | Uint32Array, index: number, value: number, map: () => void): void {
    const plain = values[index] ?? 0;
    values[index] = values === this.pages ? value : value / this.pageSize;
    const at = this.iova + index * this.pageSize;
    let refused: unknown;
    try {
      map();
    } catch (error) {
      refused = error;
    }
    values[index] = plain;
    const says = `${value} at ${index}`;
    if (this.isAddress(value)) {
      expect(refused, says).toBeUndefined();
      expect(this.table.iovaToPhys64(at), says).toBe(BigInt(value));
      expect(this.table.unmap(this.iova, LENGTH * this.pageSize)).toBe(LENGTH * this.pageSize);
    } else {
      expect(refused, says).toBeInstanceOf(IoPgtableError);
      expect((refused as IoPgtableError).iova, says).toBe(BigInt(at));
      expect(this.table.stats().leaves.size, says).toBe(0);
    }
  }

  finish(): void {
    this.table.destroy();
    expect(this.memory.stats().tablePagesInUse).toBe(0);
  }
}

describe.each(FORMATS)("%s", (_name, format, pageSize, encryptionBit) => {
  it(`takes a number for an address exactly when it is one, seed ${SEED}`, () => {
    const random = randomFrom(SEED);
    const subject = new Subject(format(), pageSize, random, encryptionBit);
    const { table, iova, pages, frames } = subject;
    for (const lg2 of [22, 33]) {
      subject.fill(2 ** Math.max(lg2, Math.log2(pageSize) + 1));
      for (const value of oddNumbers(pageSize, random)) {
        const index = 512 + random(LENGTH - 512);
        subject.check(pages, index, value, () => table.mapList(iova, pages, pageSize, RW));
        // What dividing by the page size rounds is another number as a frame.
        if ((value / pageSize) * pageSize !== value && !Number.isNaN(value)) continue;
        if (value !== 0 && Math.abs(value / pageSize) < Number.MIN_VALUE * 2 ** 52) continue;
        subject.check(frames, index, value, () => table.mapFrames(iova, frames, pageSize, RW));
      }
    }
    subject.finish();
  });

  it("takes zeros for page 0, and no fraction that is rounded to zero", () => {
    const subject = new Subject(format(), pageSize, randomFrom(SEED), encryptionBit);
    const { table, iova, pages, frames } = subject;
    for (const value of [0, 0.25, 2 ** -40, -0.25, pageSize]) {
      subject.check(pages, 700, value, () => table.mapList(iova, pages, pageSize, RW));
      subject.check(frames, 700, value, () => table.mapFrames(iova, frames, pageSize, RW));
    }
    for (const values of [pages, frames]) {
      values.fill(0.25);
      const map = values === pages ? table.mapList : table.mapFrames;
      expect(failureOf(() => map.call(table, iova, values, pageSize, RW), "EINVAL").iova).toBe(BigInt(iova));
    }
    subject.finish();
  });

  it(`takes a frame number of 32 bits exactly when it is one of a page, seed ${SEED}`, () => {
    const random = randomFrom(SEED);
    const subject = new Subject(format(), pageSize, random, encryptionBit);
    const { table, iova, narrow } = subject;
    subject.fill(2 ** Math.max(22, Math.log2(pageSize) + 1));
    for (let lg2 = 0; lg2 <= 32; lg2++) {
      for (const frame of [2 ** lg2 - 1, 2 ** lg2, 2 ** lg2 + random(2 ** lg2)]) {
        if (frame >= 2 ** 32) continue;
        const index = 512 + random(LENGTH - 512);
        subject.check(narrow, index, frame * pageSize, () => table.mapFrames(iova, narrow, pageSize, RW));
      }
    }
    subject.finish();
  });
});
