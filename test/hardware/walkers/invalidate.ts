// The library's flush requests as each IOMMU's own commands, and nothing beyond them.
import type { FlushRequest } from "../tables/flushRecorder.js";
import type { AmdVi } from "./amdVi.js";
import { ASID, type SmmuCommand, type SmmuV3 } from "./smmuV3.js";
import type { VtD } from "./vtd.js";

type PartRequest = Exclude<FlushRequest, { kind: "all" }>;

const TLBI_NH_ASID = 0x11n;
const TLBI_NH_VA = 0x12n;
/** More than these are one range command. */
const MOST_SINGLE = 64n;
/** The fields of one range command: NUM + 1 times 2^SCALE pages. */
const MOST_NUM = 31n;
const MOST_SCALE = 31n;

const trailingZeros = (value: bigint): bigint => {
  let zeros = 0n;
  while (((value >> zeros) & 1n) === 0n) zeros++;
  return zeros;
};

/** Each granule by itself: a leaf that is smaller than the granule said, and not at its start, stays. */
function singleCommands({ kind, iova, size, granule }: PartRequest): SmmuCommand[] {
  const leaf = kind === "range" ? 1n : 0n;
  const count = Number(size / granule);
  return Array.from({ length: count }, (_, i) => [TLBI_NH_VA | (ASID << 48n), (iova + BigInt(i) * granule) | leaf]);
}

function rangeCommands({ kind, iova, size }: PartRequest, page: bigint): SmmuCommand[] {
  const leaf = kind === "range" ? 1n : 0n;
  const granuleCode = (trailingZeros(page) - 10n) / 2n;
  const commands: SmmuCommand[] = [];
  let at = iova;
  for (let pages = size / page; pages > 0n; ) {
    const zeros = trailingZeros(pages);
    const scale = zeros < MOST_SCALE ? zeros : MOST_SCALE;
    const num = (pages >> scale) & MOST_NUM;
    commands.push([
      TLBI_NH_VA | ((num - 1n) << 12n) | (scale << 20n) | (ASID << 48n),
      at | leaf | (granuleCode << 10n),
    ]);
    at += (num << scale) * page;
    pages -= num << scale;
  }
  return commands;
}

/** @returns how many commands it took */
export async function invalidateSmmu(smmu: SmmuV3, request: FlushRequest, page: bigint): Promise<number> {
  if (request.kind === "all") {
    await smmu.command([TLBI_NH_ASID | (ASID << 48n), 0n]);
    return 1;
  }
  const isShort = request.size / request.granule <= MOST_SINGLE;
  const commands = isShort ? singleCommands(request) : rangeCommands(request, page);
  await smmu.command(...commands);
  return commands.length;
}

/** Aligned powers of two that are the range and nothing more. */
function* blocks({ iova, size }: PartRequest, mostLg2: bigint): Generator<[iova: bigint, sizeLg2: number]> {
  const end = iova + size;
  for (let at = iova; at < end; ) {
    let lg2 = at === 0n ? mostLg2 : trailingZeros(at);
    if (lg2 > mostLg2) lg2 = mostLg2;
    while (at + (1n << lg2) > end) lg2--;
    yield [at, Number(lg2)];
    at += 1n << lg2;
  }
}

/** The largest block of one command: MAMV is 18 in QEMU. */
const VTD_MOST_LG2 = 30n;
const AMD_MOST_LG2 = 51n;

/** A wide gather is one command for the domain, as a driver does it. */
const MOST_BLOCKS = 256;

function firstOf<T>(items: Generator<T>, most: number): T[] {
  const first: T[] = [];
  for (const item of items) {
    if (first.push(item) === most) break;
  }
  return first;
}

export async function invalidateVtd(vtd: VtD, request: FlushRequest): Promise<number> {
  if (request.kind === "all") {
    await vtd.invalidateDomain();
    return 1;
  }
  const parts = firstOf(blocks(request, VTD_MOST_LG2), MOST_BLOCKS + 1);
  if (parts.length > MOST_BLOCKS) return invalidateVtd(vtd, { kind: "all" });
  for (const [iova, lg2] of parts) await vtd.invalidatePages(iova, lg2 - 12);
  return parts.length;
}

export async function invalidateAmd(amd: AmdVi, request: FlushRequest): Promise<number> {
  if (request.kind === "all") {
    await amd.invalidateDomain();
    return 1;
  }
  let commands = 0;
  for (const [iova, lg2] of blocks(request, AMD_MOST_LG2)) {
    await amd.invalidatePages(iova, lg2);
    commands++;
  }
  return commands;
}
