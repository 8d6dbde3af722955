import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";

const TRACES = new URL("../../examples/traces/", import.meta.url);

export type RecordName =
  | "arm-nvme-strict"
  | "arm-vblk-strict"
  | "arm-nvme-16k"
  | "vtd-nvme-strict"
  | "vtd-vblk-39"
  | "amd-nvme-strict"
  | "amd-vblk-forcedac";

export function recordFile(name: RecordName): string {
  return fileURLToPath(new URL(`${name}.ops.gz`, TRACES));
}

export function recordLines(name: RecordName): string[] {
  return gunzipSync(readFileSync(recordFile(name)))
    .toString("latin1")
    .trimEnd()
    .split("\n");
}

export interface SnapshotDocument {
  granule: number;
  snapshots: {
    snapshot: string;
    domains: Record<
      string,
      {
        leaves?: [string, string, number, string, number][];
        tables?: { level: number; iova_base: string; nonzero?: number }[];
        params?: { fmt?: string; levels?: number };
        same_as_snapshot?: string;
      }
    >;
    devices: { root?: string; cd_fields?: Record<string, number | string>; AW?: number; mode?: number }[];
  }[];
}

export function recordTables(name: RecordName): SnapshotDocument {
  return JSON.parse(gunzipSync(readFileSync(new URL(`${name}.tables.json.gz`, TRACES))).toString()) as SnapshotDocument;
}

function temporaryFile(name: string): string {
  return join(mkdtempSync(join(tmpdir(), "io-pgtable-replay-")), name);
}

export function writeTemporary(name: string, content: string | Uint8Array): string {
  const file = temporaryFile(name);
  writeFileSync(file, content);
  return file;
}

/** A record of its own with, where given, its tables beside it. */
export function writeRecord(lines: readonly string[], tables?: SnapshotDocument): string {
  const file = temporaryFile("altered.ops.gz");
  writeFileSync(file, gzipSync(`${lines.join("\n")}\n`, { level: 1 }));
  if (tables) writeFileSync(file.replace(".ops.gz", ".tables.json.gz"), gzipSync(JSON.stringify(tables), { level: 1 }));
  return file;
}
