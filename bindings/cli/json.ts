/** A result as JSON: addresses, which are bigints, as hexadecimal text. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, (_, each) => (typeof each === "bigint" ? `0x${each.toString(16)}` : each), 2)}\n`;
}
