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
import { posix } from "node:path";
import { rolldown } from "rolldown";

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
  if (!existsSync(CORE)) return false;
  const built = statSync(CORE).mtimeMs;
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
  // A character for each byte: compresses to three quarters of what base64 does, and nearly nothing is left to decode.
  const text = JSON.stringify(readFileSync(CORE, "latin1"));
  const module = `// Made by build.mjs from build/core.wasm.\nexport const CORE_LATIN1: string =\n  ${text};\n`;
  if (!existsSync(EMBEDDED) || readFileSync(EMBEDDED, "utf8") !== module) writeFileSync(EMBEDDED, module);
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

/**
 * One module of what `entry` needs, since Node takes ten times as long to load a hundred files. The core's bytes stay a module of their own, which all of them
 * share. Nothing else is shared: whoever imports the library alone would load the texts about entries with it.
 */
async function bundle(entry, file, coreBytes) {
  const bundled = await rolldown({
    input: at(entry).pathname,
    platform: "neutral",
    external: ["benchmark", /^node:/],
    plugins: [
      {
        name: "core-bytes",
        resolveId: (id, importer) =>
          importer !== undefined && id.endsWith("/coreBytes.js") ? { id: coreBytes, external: true } : null,
      },
    ],
  });
  await bundled.write({ file: at(file).pathname, format: "esm", minify: true });
}

/** The declarations of index.ts, of entries.ts and of whatever those refer to, with maps to the sources; no others. */
function declare() {
  execFileSync(bin("tsc"), ["-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
  const wanted = new Set(["index.d.ts", "entries.d.ts"]);
  for (const file of wanted) {
    const text = readFileSync(at(`dist/${file}`), "utf8");
    for (const [, path] of text.matchAll(/(?:from |import\()"(\.[^"]+)\.js"/g)) {
      wanted.add(posix.join(posix.dirname(file), `${path}.d.ts`));
    }
  }
  for (const name of readdirSync(at("dist"), { recursive: true })) {
    const isDeclaration = /\.d\.ts(\.map)?$/.test(name);
    if (isDeclaration && !wanted.has(name.replace(/\.map$/, ""))) rmSync(at(`dist/${name}`));
  }
}

const options = new Set(process.argv.slice(2));
if (options.has("--race")) {
  compileRaceCore();
  process.exit(0);
}
if (options.has("--force") || !coreIsFresh()) compileCore();
embedCore();
if (!options.has("--core")) {
  rmSync(at("dist"), { recursive: true, force: true });
  await bundle("bindings/generated/coreBytes.ts", "dist/coreBytes.js", "");
  await bundle("bindings/index.ts", "dist/index.js", "./coreBytes.js");
  await bundle("bindings/entries.ts", "dist/entries.js", "./coreBytes.js");
  await bundle("bindings/cli/main.ts", "dist/cli.js", "./coreBytes.js");
  declare();
  copyFileSync(CORE, at("dist/core.wasm"));
  writeFileSync(at("dist/core-unshared.wasm"), unshared(readFileSync(CORE)));
}
