/** Counts what was compared, what differed on purpose and what was left out, and prints it. */

export class Tally {
  private scenarios = 0;
  private steps = 0;
  private readonly differences = new Map<string, number>();
  private readonly skipped = new Map<string, number>();

  constructor(private readonly title: string) {}

  scenario(): void {
    this.scenarios++;
  }

  compared(): void {
    this.steps++;
  }

  differs(name: string): void {
    this.differences.set(name, (this.differences.get(name) ?? 0) + 1);
  }

  /** @param reason what was left out and why, such as "step: ..." */
  skip(reason: string): void {
    this.skipped.set(reason, (this.skipped.get(reason) ?? 0) + 1);
  }

  differenceCount(name: string): number {
    return this.differences.get(name) ?? 0;
  }

  skipCount(reason: string): number {
    return this.skipped.get(reason) ?? 0;
  }

  report(): string {
    return [
      `${this.title}: ${this.scenarios} replayed, ${this.steps} steps compared`,
      ...section("deliberate differences", this.differences),
      ...section("skipped", this.skipped),
    ].join("\n");
  }
}

function section(title: string, counts: ReadonlyMap<string, number>): string[] {
  if (counts.size === 0) return [];
  const rows = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return [`  ${title}:`, ...rows.map(([name, count]) => `    ${String(count).padStart(6)}  ${name}`)];
}
