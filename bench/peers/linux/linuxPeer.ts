// Linux's own page-table code in processes of its own, one for each round, where `npm run bench:linux` has built it.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { BenchCase } from "../../harness/case.js";
import { projectRoot } from "../../harness/projectRoot.js";

/** What the names of all cases of this peer begin with. */
export const LINUX = "Linux 6.12";

/** The builds, and what the bench calls them. */
const BUILDS: Readonly<Record<string, string>> = {
  o2: `${LINUX}, gcc -O2`,
  o3: `${LINUX}, gcc -O3 -march=native`,
};

export const LINUX_MISSING =
  "Linux's code is not built here, so that nothing is compared with it: npm run bench:linux builds it where Debian's linux-source-6.12 is to be had.\n";

const binary = (build: string): string => fileURLToPath(new URL(`build/linux-peer/${build}`, projectRoot()));

/** The builds that are there. */
export const linuxBuilds: readonly string[] = Object.keys(BUILDS).filter((build) => existsSync(binary(build)));

/** The names of the cases of all builds that are there. */
export function linuxNames(suffix = ""): string[] {
  return linuxBuilds.map((build) => nameOf(build, suffix));
}

const nameOf = (build: string, suffix: string): string => `${BUILDS[build]}${suffix}`;

/** @param input 64-bit words for its standard input */
export function runLinux(build: string, args: readonly string[], input?: BigUint64Array): string {
  const { status, stdout, error } = spawnSync(binary(build), args, {
    encoding: "utf8",
    input: input === undefined ? "" : new Uint8Array(input.buffer, input.byteOffset, input.byteLength),
  });
  if (status !== 0) throw error ?? new Error(`Linux's code, ${args.join(" ")}: exit status ${status}`);
  return stdout;
}

export interface LinuxWork {
  /** A work of peer.c. */
  readonly work: string;
  /** Behind the name of the build. */
  readonly suffix?: string;
  readonly input?: BigUint64Array;
  /** The answer, from what peer.c prints: a number, and the digest of the tables. */
  answer(result: string, digest: string): string;
}

/** One case for each build. */
export function linuxCases({ work, suffix = "", input, answer }: LinuxWork): BenchCase[] {
  return linuxBuilds.map((build) => {
    let printed = "";
    return {
      name: nameOf(build, suffix),
      step() {
        printed = runLinux(build, ["answer", work], input).trim();
      },
      answer() {
        const space = printed.indexOf(" ");
        return answer(printed.slice(0, space), printed.slice(space + 1));
      },
      measured: (seconds) =>
        runLinux(build, ["time", work, `${seconds}`], input)
          .trim()
          .split("\n")
          .map(Number),
    };
  });
}
