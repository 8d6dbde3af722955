// `open` on the page tables that running kernels built: the leaves are those that another program found, to the bit; every address of them translates as
// that list says, and no address between them does.
import { afterAll, describe, expect, test } from "vitest";
import { Access, IoPageTable, Prot } from "../../../bindings/index.js";
import { guestRam } from "./guestRam.js";
import { KERNELS, type Kernel } from "./kernels.js";
import { type ListedLeaf, type RealTable, realTables, recordNames } from "./snapshots.js";

const counts = { tables: 0, tablePages: 0, leaves: 0, translations: 0, holes: 0, accesses: 0 };

afterAll(() => {
  console.log(
    `real tables: ${counts.tables} tables of ${counts.tablePages} table pages, ${counts.leaves} leaves to the bit, ` +
      `${counts.translations} addresses translated, ${counts.holes} found unmapped, ${counts.accesses} accesses allowed or refused`,
  );
});

function kernelOf({ kernelFormat }: RealTable): Kernel {
  const kernel = KERNELS[kernelFormat];
  if (kernel === undefined) throw new Error(`nobody knows ${kernelFormat}`);
  return kernel;
}

/** What the table says of itself, leaf by leaf, in the form of the list. */
function* ourLeaves(table: IoPageTable): Generator<ListedLeaf> {
  for (const { iova, paddr, size, pageSize } of table.mappings()) {
    for (let at = 0; at < size; at += pageSize) {
      const leaf = table.walk(iova + BigInt(at)).at(-1);
      if (leaf?.kind !== "leaf") throw new Error(`no leaf at ${iova + BigInt(at)}`);
      yield { iova: leaf.iova, paddr: BigInt(paddr + at), size: leaf.size, raw: leaf.entry, level: leaf.level };
    }
  }
}

/** First byte, one inside, the last one; and their translations. */
function samples({ iova, paddr, size }: ListedLeaf): [iova: bigint, paddr: bigint][] {
  return [0, size / 2 + 8, size - 1].map((at) => [iova + BigInt(at), paddr + BigInt(at)]);
}

/** The addresses just outside runs of leaves. */
function holes(leaves: readonly ListedLeaf[], bits: number): bigint[] {
  const starts = new Set(leaves.map(({ iova }) => iova));
  const ends = new Set(leaves.map(({ iova, size }) => iova + BigInt(size)));
  const after = [...ends].filter((end) => !starts.has(end) && end < 2n ** BigInt(bits));
  const before = [...starts].filter((start) => !ends.has(start) && start > 0n).map((start) => start - 1n);
  return [...after, ...before];
}

function checkTranslations(table: IoPageTable, leaves: readonly ListedLeaf[]): void {
  const wanted = leaves.flatMap(samples);
  const unmapped = holes(leaves, table.ias);
  const iovas = BigUint64Array.from([...wanted.map(([iova]) => iova), ...unmapped]);
  const out = new Float64Array(iovas.length);
  expect(table.translate(iovas, out)).toBe(wanted.length);
  expect([...out]).toEqual([...wanted.map(([, paddr]) => Number(paddr)), ...unmapped.map(() => -1)]);
  const single = [...iovas].map((iova) => table.iovaToPhys64(iova));
  expect(single).toEqual([...wanted.map(([, paddr]) => paddr), ...unmapped.map(() => null)]);
  counts.translations += wanted.length;
  counts.holes += unmapped.length;
}

function checkAccess(table: IoPageTable, kernel: Kernel, leaves: readonly ListedLeaf[]): void {
  const kinds = [
    [Access.READ, Prot.READ],
    [Access.WRITE, Prot.WRITE],
  ] as const;
  const wrong = leaves.filter(({ iova, paddr, raw }) =>
    kinds.some(([access, prot]) => {
      const allowed = (kernel.permissions(raw) & prot) !== 0;
      const answer = table.access(Number(iova), access | Access.PRIV);
      return allowed ? answer !== Number(paddr) : answer >= 0;
    }),
  );
  expect(wrong).toEqual([]);
  counts.accesses += kinds.length * leaves.length;
}

describe.each(recordNames())("%s", (record) => {
  const tables = realTables(record);
  const { memory, load, bytes } = guestRam(tables);

  test.each(tables.map((table) => [table.name, table] as const))("%s", (_, real) => {
    const kernel = kernelOf(real);
    load(real);
    const before = bytes().slice();
    const table = IoPageTable.open(memory, { format: kernel.format(real), root: Number(real.root) });
    const listed = real.leaves
      .map((leaf) => ({ ...leaf, level: kernel.level(leaf.level) }))
      .sort((a, b) => (a.iova < b.iova ? -1 : 1));
    expect([...ourLeaves(table)]).toEqual(listed);
    checkTranslations(table, listed);
    checkAccess(table, kernel, listed);
    expect(table.stats().tablePages).toBe(real.tables.length);
    expect(table.stats().mappedBytes).toBe(listed.reduce((sum, { size }) => sum + size, 0));
    expect(Buffer.compare(bytes(), before), "nothing was written").toBe(0);
    counts.tables++;
    counts.tablePages += real.tables.length;
    counts.leaves += listed.length;
  });
});

test("the records are those of three IOMMUs", () => {
  const formats = recordNames().flatMap((record) => realTables(record).map(({ kernelFormat }) => kernelFormat));
  expect([...new Set(formats)].sort()).toEqual(Object.keys(KERNELS).sort());
});
