const UNITS: readonly [number, string][] = [
  [2 ** 50, "PiB"],
  [2 ** 40, "TiB"],
  [2 ** 30, "GiB"],
  [2 ** 20, "MiB"],
  [2 ** 10, "KiB"],
];

export function count(value: number): string {
  return value.toLocaleString("en-US");
}

export function plural(value: number, what: string): string {
  return `${count(value)} ${what}${value === 1 ? "" : "s"}`;
}

/** A quantity of memory, to three digits. */
export function bytes(value: number): string {
  for (const [unit, name] of UNITS) {
    if (value >= unit) return `${Number((value / unit).toPrecision(3)).toLocaleString("en-US")} ${name}`;
  }
  return `${count(value)} B`;
}

/** A page size in the short form that the field writes: 4K, 2M, 1G. */
export function pageSize(value: number): string {
  for (const [unit, name] of UNITS) {
    if (value >= unit && value % unit === 0) return `${value / unit}${name.charAt(0)}`;
  }
  return String(value);
}

export function nanoseconds(value: number): string {
  return `${value < 10 ? value.toFixed(1) : count(Math.round(value))} ns`;
}

/** So many neighbours in a row are told by the first and the last. */
const RUN = 4;

/** Ascending values, where `next` gives the value after one: runs are told by their ends. */
export function runs(
  values: readonly number[],
  next: (value: number) => number,
  text: (value: number) => string,
): string {
  const parts: string[] = [];
  for (let at = 0; at < values.length; ) {
    let end = at + 1;
    while (end < values.length && values[end] === next(values[end - 1] ?? 0)) end++;
    const run = values.slice(at, end).map(text);
    parts.push(run.length >= RUN ? `${run[0]}..${run.at(-1)}` : run.join(", "));
    at = end;
  }
  return parts.join(", ");
}

/** Page sizes, ascending. */
export function sizesText(sizes: readonly number[]): string {
  return runs(sizes, (size) => size * 2, pageSize);
}
