// The steps that the selftests of Linux's io-pgtable formats have in common.
import { expect } from "vitest";
import { type IoPageTable, Prot } from "../../../bindings/index.js";
import { GIB } from "../../bindings/support/fixture.js";

export const READ_WRITE_DATA = Prot.READ | Prot.WRITE | Prot.NOEXEC | Prot.CACHE;

/** An empty table translates nothing. */
export function expectEmpty(table: IoPageTable): void {
  for (const iova of [42, GIB + 42, 2 * GIB + 42]) expect(table.iovaToPhys(iova)).toBeNull();
}

/** One page of each size, so far apart; a second map of the same addresses is refused. */
export function mapEachSize(table: IoPageTable, sizes: readonly number[], apart: number): void {
  sizes.forEach((size, index) => {
    const iova = index * apart;
    expect(table.mapPages(iova, iova, size, 1, READ_WRITE_DATA)).toEqual({ mapped: size, error: null });
    const overlap = table.mapPages(iova, iova + size, size, 1, Prot.READ | Prot.NOEXEC);
    expect(overlap).toEqual({ mapped: 0, error: "EEXIST" });
    expect(table.iovaToPhys(iova + 42)).toBe(iova + 42);
  });
}

/** Each goes, and comes back with another protection. */
export function remapEachSize(table: IoPageTable, sizes: readonly number[], apart: number): void {
  sizes.forEach((size, index) => {
    const iova = index * apart;
    expect(table.unmapPages(iova, size, 1)).toBe(size);
    expect(table.iovaToPhys(iova + 42)).toBeNull();
    expect(table.mapPages(iova, iova, size, 1, Prot.WRITE)).toEqual({ mapped: size, error: null });
    expect(table.iovaToPhys(iova + 42)).toBe(iova + 42);
  });
}
