// Builds the package: the wasm core (with its two gates), the module that embeds it, and the JavaScript in dist/.
//
//   node build.mjs           all of it; the core only where a source is newer than it
//   node build.mjs --core    the core and its module alone (what the tests need)
//   node build.mjs --force   the core again in any case
//   node build.mjs --race    only build/core.race.wasm, in which the tests of races force realms to collide; it is in no package
import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";

const root = new URL("./", import.meta.url);
const at = (path) => new URL(path, root);
const bin = (name) => at(`node_modules/.bin/${name}`).pathname;
const CORE = at("build/core.wasm");
const EMBEDDED = at("bindings/generated/coreBytes.ts");

function newest(folder) {
  let time = 0;
  for (const entry of readdirSync(at(folder), { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) time = Math.max(time, statSync(`${entry.parentPath ?? entry.path}/${entry.name}`).mtimeMs);
  }
  return time;
}

function coreIsFresh() {
  if (!existsSync(CORE) || !existsSync(EMBEDDED)) return false;
  const built = statSync(EMBEDDED).mtimeMs;
  return newest("assembly") < built && statSync(at("asconfig.json")).mtimeMs < built;
}

/** A warning AS228 is a virtual call in a format: it would trap through the null `this`. */
function compileCore() {
  mkdirSync(at("build"), { recursive: true });
  const asc = spawnSync(bin("asc"), ["--config", "asconfig.json", "--target", "release"], {
    cwd: root,
    encoding: "utf8",
  });
  const said = `${asc.stdout ?? ""}${asc.stderr ?? ""}`;
  if (said.trim() !== "") process.stderr.write(said);
  if (asc.status !== 0) process.exit(asc.status ?? 1);
  if (/\bAS228\b/.test(said)) fail("AS228: a format method became a virtual call; keep `Format` abstract throughout");
  // A data segment is written again at every instantiation and would overwrite the shared memory.
  if (readFileSync(at("build/core.wat"), "utf8").includes("(data")) fail("the core has a data segment");
}

function embedCore() {
  mkdirSync(at("bindings/generated"), { recursive: true });
  const base64 = readFileSync(CORE).toString("base64");
  writeFileSync(
    EMBEDDED,
    `// Made by build.mjs from build/core.wasm.\nexport const CORE_BASE64: string =\n  "${base64}";\n`,
  );
}

/** The same core for memory that is not shared: the flag of its memory import, which the import's names precede. */
function unshared(core) {
  const memory = Buffer.from("\x03env\x06memory\x02\x03", "latin1");
  const at = core.indexOf(memory);
  if (at < 0) fail("the core does not import shared memory");
  core[at + memory.length - 1] = 1;
  return core;
}

function fail(why) {
  rmSync(CORE, { force: true });
  process.stderr.write(`build: ${why}\n`);
  process.exit(1);
}

/** The core with assembly/forced/race.ts in the place of assembly/memory/race.ts. */
function compileRaceCore() {
  const wasm = at("build/core.race.wasm");
  if (existsSync(wasm) && newest("assembly") < statSync(wasm).mtimeMs) return;
  const sources = at("build/race-core/assembly");
  rmSync(sources, { recursive: true, force: true });
  cpSync(at("assembly"), sources, { recursive: true });
  copyFileSync(at("assembly/forced/race.ts"), at("build/race-core/assembly/memory/race.ts"));
  const flags = JSON.parse(readFileSync(at("asconfig.json"), "utf8")).options;
  writeFileSync(at("build/race-core/asconfig.json"), JSON.stringify({ options: flags }));
  const entries = ["assembly/index.ts", "assembly/memory/race.ts"];
  execFileSync(
    bin("asc"),
    ["--config", "asconfig.json", ...entries, "-O1", "--disableWarning", "235", "--outFile", wasm.pathname],
    {
      cwd: at("build/race-core"),
      stdio: "inherit",
    },
  );
}

const options = new Set(process.argv.slice(2));
if (options.has("--race")) {
  compileRaceCore();
  process.exit(0);
}
if (options.has("--force") || !coreIsFresh()) {
  compileCore();
  embedCore();
}
if (!options.has("--core")) {
  rmSync(at("dist"), { recursive: true, force: true });
  execFileSync(bin("tsc"), ["-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
  copyFileSync(CORE, at("dist/core.wasm"));
  writeFileSync(at("dist/core-unshared.wasm"), unshared(readFileSync(CORE)));
}
