import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { arch, cpus, loadavg, platform, totalmem } from "node:os";
import { CORE_LATIN1 } from "../../bindings/generated/coreBytes.js";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly platform: string;
  /** Load average of the last minute, before the run. */
  readonly load: number;
  readonly node: string;
  readonly v8: string;
  readonly wasmSha256: string;
  readonly wasmBytes: number;
  /** null where there is no git or no repository. */
  readonly revision: string | null;
}

export function describeMachine(): Machine {
  const processors = cpus();
  const core = Buffer.from(CORE_LATIN1, "latin1");
  return {
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${platform()} ${arch()}`,
    load: loadavg()[0] ?? 0,
    node: process.version,
    v8: process.versions.v8,
    wasmSha256: createHash("sha256").update(core).digest("hex"),
    wasmBytes: core.length,
    revision: revision(),
  };
}

function revision(): string | null {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return null;
  }
}
