// Runs of pages across the address above which a format has its address bits elsewhere, or has none: each way to map writes what the manuals have.
import { describe, expect, it } from "vitest";
import { appleDart, armLpaeS1, armV7s, type Format, type IoPageTable, Prot } from "../../../bindings/index.js";
import { useTable } from "../../bindings/support/fixture.js";

const RW = Prot.READ | Prot.WRITE;

interface Boundary {
  readonly name: string;
  readonly format: () => Format;
  readonly page: number;
  /** The first address beyond the boundary. */
  readonly paddr: number;
  /** The bits of an entry that hold addresses. */
  readonly mask: bigint;
  /** Those of the last page before the boundary, of the first one behind it, and of the next. */
  readonly words: readonly [bigint, bigint, bigint];
}

const lpa2 = { ias: 48, oas: 52, lpa2: true };

const BOUNDARIES: readonly Boundary[] = [
  {
    name: "DART 4K, 36 bits in entries",
    format: () => appleDart({ ias: 32, oas: 42, pageSizes: [0x1000] }),
    page: 0x1000,
    paddr: 2 ** 36,
    mask: 0xff_ffff_f000n,
    words: [0xf_ffff_f000n, 0n, 0x1000n],
  },
  {
    name: "DART 16K, 36 bits in entries",
    format: () => appleDart({ ias: 32, oas: 42, pageSizes: [0x4000] }),
    page: 0x4000,
    paddr: 2 ** 36,
    mask: 0xff_ffff_f000n,
    words: [0xf_ffff_c000n, 0n, 0x4000n],
  },
  {
    name: "Arm 64K, OA[51:48] in 15:12",
    format: () => armLpaeS1({ ias: 48, oas: 52, pageSizes: [0x1_0000] }),
    page: 0x1_0000,
    paddr: 2 ** 48,
    mask: 0x000f_ffff_ffff_f000n,
    words: [0x0000_ffff_ffff_0000n, 0x1000n, 0x1_1000n],
  },
  {
    name: "Arm 4K with LPA2, OA[51:50] in 9:8",
    format: () => armLpaeS1({ ...lpa2, pageSizes: [0x1000] }),
    page: 0x1000,
    paddr: 2 ** 50,
    mask: 0x000f_ffff_ffff_f300n,
    words: [0x0003_ffff_ffff_f000n, 0x100n, 0x1100n],
  },
  {
    name: "Arm 16K with LPA2, OA[51:50] in 9:8",
    format: () => armLpaeS1({ ...lpa2, pageSizes: [0x4000] }),
    page: 0x4000,
    paddr: 2 ** 50,
    mask: 0x000f_ffff_ffff_f300n,
    words: [0x0003_ffff_ffff_c000n, 0x100n, 0x4100n],
  },
  {
    name: "short descriptors of 35 bits, PA[34:32] in 5, 4 and 9",
    format: () => armV7s({ ias: 32, oas: 35, quirks: ["ARM_MTK_EXT", "NO_PERMS"] }),
    page: 0x1000,
    paddr: 2 ** 32,
    mask: 0xffff_f230n,
    words: [0xffff_f000n, 0x200n, 0x1200n],
  },
];

type Call = (table: IoPageTable, paddr: number, page: number) => void;
const pagesFrom = (paddr: number, page: number): number[] => [paddr, paddr + page, paddr + 2 * page];

const CALLS: Record<string, Call> = {
  map: (table, paddr, page) => table.map(0, paddr, 3 * page, RW),
  mapPages: (table, paddr, page) => table.mapPages(0, paddr, page, 3, RW),
  mapRange: (table, paddr, page) => table.mapRange(0, paddr, 3 * page, RW),
  mapList: (table, paddr, page) => table.mapList(0, pagesFrom(paddr, page), page, RW),
  mapFrames: (table, paddr, page) => table.mapFrames(0, Float64Array.of(...pagesFrom(paddr / page, 1)), page, RW),
  mapSegments: (table, paddr, page) => table.mapSegments(0, [{ paddr, size: 3 * page }], RW),
  mapRepeat: (table, paddr, page) => table.mapRepeat(0, 3 * page, { paddr, size: 3 * page }, RW),
  "one page after another": (table, paddr, page) =>
    pagesFrom(paddr, page).forEach((each, i) => {
      table.map(i * page, each, page, RW);
    }),
  replace: (table, paddr, page) => {
    table.map(0, 0, 3 * page, RW);
    table.replace(0, paddr, 3 * page, RW);
  },
};

describe.each(BOUNDARIES)("$name", ({ format, page, paddr, mask, words }) => {
  it.each(Object.entries(CALLS))("%s", (_name, call) => {
    useTable(format(), ({ table }) => {
      call(table, paddr - page, page);
      const written = words.map((_, i) => (table.walk(i * page).at(-1)?.entry ?? 0n) & mask);
      expect(written).toEqual(words);
    });
  });
});
