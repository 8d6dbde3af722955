/** A logarithmic axis whose ends are powers of ten. */
export interface Scale {
  at(value: number): number;
  readonly ticks: readonly number[];
}

/** @param values positive, at least one */
export function logScale(values: readonly number[], from: number, to: number): Scale {
  if (values.length === 0 || !values.every((value) => value > 0)) throw new RangeError("no values above 0 to plot");
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(Math.ceil(Math.log10(Math.max(...values))), low + 1);
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  return { at: (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from), ticks };
}

/** As short as a figure beside a bar may be. */
export function shortNumber(value: number): string {
  if (value >= 100) return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
  return `${Number(value.toPrecision(2))}`;
}
