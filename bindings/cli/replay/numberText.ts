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
