import { readOptions } from "../../bench/harness/options.js";
import { type BenchRecord, makeRecord } from "../../bench/harness/record.js";

/** A record of a bench that took these times, in nanoseconds by operation and case. */
export function recordOf(times: Readonly<Record<string, Readonly<Record<string, number>>>>): BenchRecord {
  const operations = Object.entries(times).map(([name, cases]) => ({
    name,
    unit: "page",
    unitsPerStep: 1,
    cases: Object.entries(cases).map(([caseName, time]) => ({
      name: caseName,
      floor: false,
      summary: { median: time, p25: time, p75: time },
      rounds: [time],
      samples: [[time]],
    })),
  }));
  const machine = {
    cpu: "a processor",
    cores: 2,
    memoryGiB: 8,
    platform: "linux x64",
    load: 0.25,
    node: "v20.1.2",
    v8: "11.3",
    wasmSha256: "",
    wasmBytes: 1,
    revision: null,
  };
  const startedAt = "2026-01-02T03:04:05.000Z";
  return makeRecord({ startedAt, machine, seed: 1, options: readOptions([]), operations, verdicts: [] });
}
