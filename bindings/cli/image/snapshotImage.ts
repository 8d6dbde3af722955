// Which tables of a file of snapshots, and how their format was configured.
import type { Defaults } from "../formatOptions.js";
import type { DomainImage, KernelTables, Place } from "../replay/kernelTables.js";
import { UnusableInput, UnusableOption } from "../replay/unusableInput.js";

const FORMATS: ReadonlyMap<string, string> = new Map([
  ["ARM_64_LPAE_S1", "armLpaeS1"],
  ["VTD_SS", "vtdSecondStage"],
  ["AMD_V1", "amdV1"],
]);

/** By the SMMU's IPS field. */
const OUTPUT_BITS = [32, 36, 40, 42, 44, 48, 52];

export interface SnapshotImage {
  readonly place: Place;
  readonly image: DomainImage;
  /** Null where the file names a format that this library does not know. */
  readonly format: string | null;
  readonly defaults: Defaults;
}

function pickTag(tables: KernelTables, asked: string | undefined): string {
  const tag = asked ?? tables.tags.at(-1);
  if (tag !== undefined && tables.roots(tag) !== null) return tag;
  throw new UnusableOption(`--snapshot ${asked ?? ""}: there are ${tables.tags.join(", ") || "none"}`);
}

/** The root that was asked for, or that of the most table pages. */
function pickPlace(tables: KernelTables, tag: string, asked: bigint | undefined, file: string): Place {
  const roots = tables.roots(tag) ?? [];
  const size = (root: string): number => tables.image({ tag, root })?.pages.size ?? 0;
  const fullest = roots.reduce<string | undefined>(
    (best, root) => (best === undefined || size(root) > size(best) ? root : best),
    undefined,
  );
  const root = asked === undefined ? fullest : roots.find((each) => BigInt(each) === asked);
  if (root !== undefined) return { tag, root };
  if (asked === undefined) throw new UnusableInput(file, `snapshot "${tag}" has no tables`);
  throw new UnusableOption(`--root 0x${asked.toString(16)}: snapshot "${tag}" has the roots ${roots.join(", ")}`);
}

function defaultsOf(tables: KernelTables, place: Place, { params }: DomainImage): Defaults {
  const number = (name: string): number | undefined => {
    const value = params.get(name);
    return typeof value === "number" ? value : undefined;
  };
  const [t0sz, granule, levels] = [number("t0sz"), number("granule_log2"), number("levels")];
  const ips = tables.context(place)?.ips;
  const oas = ips === undefined ? undefined : OUTPUT_BITS[ips];
  if (t0sz !== undefined && granule !== undefined) {
    const block = 2 * granule - 3;
    const sizes = [granule, block, ...(granule === 12 ? [block + 9] : [])].map((lg2) => 2 ** lg2);
    return { ias: 64 - t0sz, pageSizes: sizes, ...(oas === undefined ? {} : { oas }) };
  }
  return levels === undefined ? {} : { ias: Math.min(64, 12 + 9 * levels) };
}

/** The tables of one domain in one snapshot. */
export function snapshotImage(
  tables: KernelTables,
  asked: { snapshot: string | undefined; root: bigint | undefined },
  file: string,
): SnapshotImage {
  const place = pickPlace(tables, pickTag(tables, asked.snapshot), asked.root, file);
  const image = tables.image(place);
  if (image === null) throw new UnusableInput(file, `no tables with root ${place.root}`);
  const format = FORMATS.get(String(image.params.get("fmt"))) ?? null;
  return { place, image, format, defaults: defaultsOf(tables, place, image) };
}
