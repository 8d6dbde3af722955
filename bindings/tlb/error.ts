import { hex } from "../errors.js";

/** A device could use a translation, or walk through a table page, that is not the table's any more. */
export class StaleTlbError extends Error {
  override readonly name: string = "StaleTlbError";
  /** The first address that is translated wrongly, where there is one. */
  declare readonly iova?: bigint;

  constructor(iova: bigint | undefined, what: string) {
    super(iova === undefined ? what : `at ${hex(iova)}: ${what}`);
    if (iova !== undefined) this.iova = iova;
  }
}
