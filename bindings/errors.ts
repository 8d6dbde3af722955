// The one error class, and how its messages are made.

/**
 * Why an operation failed.
 *
 * | code | meaning |
 * |---|---|
 * | EINVAL | a misaligned address or size, size 0, no READ or WRITE, a page size that the table does not have, or a value of the wrong type |
 * | ERANGE | an address outside the table's input or output space (non-canonical included) |
 * | EEXIST | something is mapped there already |
 * | ENOENT | nothing is mapped there, where the operation needs a mapping |
 * | ENOMEM | the allocator returned null, or the memory is full |
 * | ENOTSUP | the format cannot express what was asked |
 * | EFAULT | a table entry points outside the memory: a corrupt or hostile table |
 * | EBUSY | a prepared update holds this range, or a callback called back into what called it |
 */
export type ErrorCode = "EINVAL" | "ERANGE" | "EEXIST" | "ENOENT" | "ENOMEM" | "ENOTSUP" | "EFAULT" | "EBUSY";

/** An address in a message: hexadecimal, whatever it came as. */
export function hex(address: number | bigint): string {
  if (typeof address === "bigint") return address < 0n ? `-0x${(-address).toString(16)}` : `0x${address.toString(16)}`;
  if (!Number.isInteger(address)) return String(address);
  return address < 0 ? `-0x${(-address).toString(16)}` : `0x${address.toString(16)}`;
}

/**
 * Every failure of this library. The message says what failed, at which address, why, and what to do about it.
 *
 * @example
 * ```ts
 * try {
 *   table.map(0x1000, 0x2000, 0x1000, Prot.READ);
 * } catch (e) {
 *   if (e instanceof IoPgtableError && e.code === "EEXIST") table.unmap(0x1000, 0x1000);
 * }
 * ```
 */
export class IoPgtableError extends Error {
  override readonly name: string = "IoPgtableError";
  readonly code: ErrorCode;
  /** The call that failed, such as "map". */
  readonly operation: string;
  /** Why it failed: the message without the place and the code. */
  readonly reason: string;
  /** The address at which the operation failed, where there is one. */
  declare readonly iova?: bigint;

  /** Made by the library. */
  constructor(code: ErrorCode, operation: string, reason: string, iova?: number | bigint) {
    const place = iova === undefined ? "" : ` at ${hex(iova)}`;
    super(`${operation}${place}: ${reason} (${code})`);
    this.code = code;
    this.operation = operation;
    this.reason = reason;
    if (iova !== undefined && (typeof iova === "bigint" || Number.isInteger(iova))) this.iova = BigInt(iova);
  }
}
