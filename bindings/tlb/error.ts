import { hex } from "../errors.js";

/**
 * A device could use a translation, or walk through a table page, that is not the table's any more.
 *
 * @example
 * ```ts
 * const tlb = new AdversarialTlb();
 * tlb.watch(table); // whose flush operations do not reach the device
 * table.map(0x1000, 0x8000_0000, 0x1000, Prot.READ);
 * table.unmap(0x1000, 0x1000);
 * try {
 *   tlb.check();
 * } catch (error) {
 *   if (error instanceof StaleTlbError) console.log(error.iova, error.message); // 0x1000n
 * }
 * ```
 */
export class StaleTlbError extends Error {
  override readonly name: string = "StaleTlbError";
  /** The first address that is translated wrongly, where there is one. */
  declare readonly iova?: bigint;

  /** Made by `AdversarialTlb.check`. */
  constructor(iova: bigint | undefined, what: string) {
    super(iova === undefined ? what : `at ${hex(iova)}: ${what}`);
    if (iova !== undefined) this.iova = iova;
  }
}
