import { type IoPageTable, Prot } from "../../index.js";
import type { AddressRanges } from "./addressRanges.js";
import type { Differences } from "./differences.js";
import { hex } from "./hexText.js";
import { kernelFormat, type Permissions } from "./kernelPermissions.js";
import type { DomainSnapshot, KernelLeaf } from "./kernelTables.js";

interface Ours {
  readonly table: IoPageTable;
  readonly readsWhatItWrites: boolean;
  /** What was left out of the replay. */
  readonly missing: AddressRanges;
}

/** Whether both let a device do the same, but for reading where one of the formats cannot forbid it to who may write. */
function samePermissions(
  ours: Permissions,
  kernels: Permissions,
  oursWidens: boolean,
  kernelsWidens: boolean,
): boolean {
  if (ours.write !== kernels.write) return false;
  if (ours.read === kernels.read) return true;
  return ours.write && (ours.read ? oursWidens : kernelsWidens);
}

const permissionText = ({ read, write }: Permissions): string => `${read ? "r" : "-"}${write ? "w" : "-"}`;

/** Tells how what we map where the kernel has a leaf differs; null where it does not. */
function mappingDifference(leaf: KernelLeaf, { table, readsWhatItWrites }: Ours, format: string | null): string | null {
  const kernels = kernelFormat(format);
  const end = leaf.iova + BigInt(leaf.size);
  let at = leaf.iova;
  for (const { iova, paddr, size, prot } of table.mappings(leaf.iova, leaf.size)) {
    if (iova > at) break;
    if (BigInt(paddr) + at - iova !== leaf.paddr + at - leaf.iova) return `${hex(at)} goes to another address`;
    const ours = { read: (prot & Prot.READ) !== 0, write: (prot & Prot.WRITE) !== 0 };
    const wanted = kernels?.permissions(leaf.raw) ?? ours;
    if (!samePermissions(ours, wanted, readsWhatItWrites, kernels?.readsWhatItWrites ?? false))
      return permissionText(ours);
    at = iova + BigInt(size);
    if (at >= end) return null;
  }
  return `nothing at ${hex(at)}`;
}

/** Compares what a device is led to and what it may do there, for tables that are made otherwise than the kernel's. */
export function compareMappings(ours: Ours, kernels: DomainSnapshot, line: number, to: Differences): number {
  const leaves = kernels.leaves.filter(({ iova, size }) => ours.missing.missing(Number(iova), size) > 0);
  for (const leaf of leaves) {
    const difference = mappingDifference(leaf, ours, kernels.format);
    to.check("mapping", difference === null, line, () => {
      const permissions = kernelFormat(kernels.format)?.permissions(leaf.raw);
      const allowed = permissions ? `, ${permissionText(permissions)}` : "";
      return {
        what: `mapping of ${hex(leaf.iova)} + ${hex(leaf.size)}`,
        expected: `${hex(leaf.paddr)}${allowed}`,
        got: difference ?? "",
      };
    });
  }
  const bytes = leaves.reduce((sum, { size }) => sum + size, 0);
  const { mappedBytes } = ours.table.stats();
  to.check("mapping", mappedBytes === bytes, line, () => ({
    what: "bytes mapped in all",
    expected: hex(bytes),
    got: hex(mappedBytes),
  }));
  return leaves.length;
}
