// Builds the peer: Linux's own page-table code, taken from Debian's package of the kernel's source, with the headers of this folder in place of the kernel's.
// Nothing of the kernel's is part of this project. Says what is missing where it cannot.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PACKAGE = "linux-source-6.12";
const TARBALL = `/usr/src/${PACKAGE}.tar.xz`;
const SOURCES = [
  "drivers/iommu/io-pgtable-arm.c",
  "drivers/iommu/io-pgtable-arm.h",
  "drivers/iommu/io-pgtable.c",
  "include/linux/io-pgtable.h",
];
/** Headers that those include and that standIn.h stands for. */
const HEADERS = [
  "linux/atomic.h",
  "linux/bitops.h",
  "linux/bug.h",
  "linux/dma-mapping.h",
  "linux/iommu.h",
  "linux/kernel.h",
  "linux/sizes.h",
  "linux/slab.h",
  "linux/types.h",
  "asm/barrier.h",
  "iommu-pages.h",
];
const BUILDS = { o2: ["-O2"], o3: ["-O3", "-march=native"] };
/** As the kernel is compiled. */
const FLAGS = [
  "-std=gnu11",
  "-w",
  "-fno-strict-aliasing",
  "-fno-strict-overflow",
  "-fno-delete-null-pointer-checks",
  "-DCONFIG_IOMMU_IO_PGTABLE_LPAE",
  "-DCONFIG_IOMMU_IO_PGTABLE_LPAE_SELFTEST",
];

const here = fileURLToPath(new URL("./", import.meta.url));
const out = fileURLToPath(new URL("../../../build/linux-peer/", import.meta.url));

function fail(why) {
  process.stderr.write(`The peer was not built: ${why}\n`);
  process.exit(1);
}

function run(command, args, why) {
  const { status, error, stderr } = spawnSync(command, args, { encoding: "utf8", stdio: ["ignore", "ignore", "pipe"] });
  if (status !== 0)
    fail(`${why} (${command}: ${error?.message ?? (stderr.trim().split("\n").at(-1) || `status ${status}`)})`);
}

function fetchSources() {
  if (SOURCES.every((path) => existsSync(`${out}${PACKAGE}/${path}`))) return;
  if (!existsSync(TARBALL)) {
    run(
      "apt-get",
      ["install", "-y", "--no-install-recommends", PACKAGE],
      `Debian's package ${PACKAGE} is missing and could not be installed`,
    );
  }
  mkdirSync(out, { recursive: true });
  run(
    "tar",
    ["-xJf", TARBALL, "-C", out, ...SOURCES.map((path) => `${PACKAGE}/${path}`)],
    `${TARBALL} could not be unpacked`,
  );
}

function writeHeaders() {
  const include = `${out}include/`;
  rmSync(include, { recursive: true, force: true });
  for (const folder of ["linux", "asm"]) mkdirSync(`${include}${folder}`, { recursive: true });
  for (const header of HEADERS) writeFileSync(`${include}${header}`, '#include "standIn.h"\n');
  copyFileSync(`${out}${PACKAGE}/include/linux/io-pgtable.h`, `${include}linux/io-pgtable.h`);
}

function compile(name, optimization) {
  const drivers = `${out}${PACKAGE}/drivers/iommu/`;
  const sources = [`${drivers}io-pgtable-arm.c`, `${drivers}io-pgtable.c`, `${here}peer.c`];
  const args = [...FLAGS, ...optimization, `-I${out}include`, `-I${here}`, ...sources, "-o", `${out}${name}`];
  run("gcc", args, "it does not compile; gcc and the C library's headers are needed");
  const { status, stdout } = spawnSync(`${out}${name}`, ["selftest"], { encoding: "utf8" });
  const last = stdout.trim().split("\n").slice(-2).join(", ");
  process.stdout.write(`gcc ${optimization.join(" ")}: ${last}\n`);
  if (status !== 0) {
    rmSync(`${out}${name}`);
    fail("it does not pass the kernel's own tests");
  }
}

fetchSources();
writeHeaders();
for (const [name, optimization] of Object.entries(BUILDS)) compile(name, optimization);
