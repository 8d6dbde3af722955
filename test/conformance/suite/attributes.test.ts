// generic_pt test_attr_from_entry, over all 64 protections: what an entry says is read back, and written again gives the same entry.
import { expect, it } from "vitest";
import { type ErrorCode, type IoPageTable, Prot } from "../../../bindings/index.js";
import { outcomeOf } from "../../bindings/support/failure.js";
import type { Configuration } from "../../configurations/configuration.js";
import { lowestRange, sizesOfLevels } from "./addresses.js";
import { Random } from "./random.js";
import { conformance } from "./subject.js";

const READ_WRITE = Prot.READ | Prot.WRITE;
const DEVICE_AND_CACHED = Prot.MMIO | Prot.CACHE;
const PROTECTIONS = Array.from({ length: 64 }, (_, prot) => prot);

interface LeafAt {
  iova: bigint;
  paddr: number;
  size: number;
}

/** An entry with what is read of it, or why there is none. */
type Written = { code: ErrorCode } | { entry: string; prot: number; size: number; paddr: number | null };

/** Maps, looks, and unmaps. */
function write(table: IoPageTable, { iova, paddr, size }: LeafAt, prot: number): Written {
  const outcome = outcomeOf(() => table.map(iova, paddr, size, prot));
  if ("code" in outcome) return outcome;
  const [mapping] = table.mappings(iova, size);
  const entry = table.walk(iova).at(-1)?.entry.toString(16) ?? "";
  const written = { entry, prot: mapping?.prot ?? -1, size: mapping?.size ?? 0, paddr: table.iovaToPhys(iova) };
  table.unmapRange(iova, size);
  return written;
}

/** The same leaf through Linux's two calls. */
function writeAsLinux(table: IoPageTable, { iova, paddr, size }: LeafAt, prot: number) {
  return [() => table.mapPages(iova, paddr, size, 1, prot), () => table.mapRange(iova, paddr, size, prot)].map(
    (map) => {
      const result = map();
      const entry = table.walk(iova).at(-1)?.entry.toString(16);
      table.unmapRange(iova, size);
      return { ...result, entry };
    },
  );
}

function refusalOf(c: Configuration, prot: number): ErrorCode | undefined {
  return prot & Prot.WRITE || (prot & Prot.READ && !c.needsWrite) ? undefined : "EINVAL";
}

conformance("attributes", (c, useTable) => {
  const leaves = (): LeafAt[] => {
    const random = new Random();
    const { iova, size: room } = lowestRange(c);
    return sizesOfLevels(c).map((size) => ({
      iova: iova + random.multiple(size, room),
      paddr: Number(random.multiple(size, 2n ** BigInt(c.paddrBits))),
      size: Number(size),
    }));
  };

  it("of all 64 protections are read back from the leaves of each level, and then give the same entry", () => {
    useTable(({ table }) => {
      for (const leaf of leaves()) {
        const { paddr, size } = leaf;
        const written = PROTECTIONS.map((prot) => write(table, leaf, prot));
        const expected = PROTECTIONS.map((prot) => {
          const code = refusalOf(c, prot);
          return code === undefined ? { prot: c.says(prot), size, paddr } : { code };
        });
        expect(written).toMatchObject(expected);
        const again = written.map((first) => ("code" in first ? first : write(table, leaf, first.prot)));
        expect(again).toEqual(written);
      }
    });
  });

  it("are the same through Linux's calls", () => {
    useTable(({ table }) => {
      const leaf = new Random().pick(leaves());
      for (const prot of PROTECTIONS) {
        const written = write(table, leaf, prot);
        const result =
          "code" in written
            ? { mapped: 0, error: written.code }
            : { mapped: leaf.size, error: null, entry: written.entry };
        expect(writeAsLinux(table, leaf, prot)).toMatchObject([result, result]);
      }
    });
  });

  it("always allow reading with writing", () => {
    useTable(({ table }) => {
      for (const leaf of leaves()) expect(write(table, leaf, READ_WRITE)).toMatchObject({ prot: c.says(READ_WRITE) });
      expect(c.says(READ_WRITE) & READ_WRITE).toBe(READ_WRITE);
    });
  });

  it("that an entry would not give are ENOTSUP with strictProtection, and no others", () => {
    const body = (table: IoPageTable) => {
      const leaf = new Random().pick(leaves());
      for (const prot of PROTECTIONS.filter((each) => refusalOf(c, each) === undefined)) {
        const written = write(table, leaf, prot);
        const given = (c.says(prot) & ~c.adds) === (prot & ~c.adds);
        // Device memory that is cached: an entry may hold both bits, but no memory is both.
        const contradicts = (prot & DEVICE_AND_CACHED) === DEVICE_AND_CACHED;
        const says = `protection ${prot}`;
        if (!given) expect(written, says).toEqual({ code: "ENOTSUP" });
        else if (!contradicts) expect(written, says).toMatchObject({ prot: c.says(prot) });
      }
    };
    useTable(({ table }) => body(table), { strictProtection: true });
  });
});
