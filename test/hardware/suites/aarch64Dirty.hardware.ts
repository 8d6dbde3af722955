// Dirty state that hardware keeps: real stores of a CPU with FEAT_HAFDBS, and `readDirty` finds the leaves that they went to and no other.
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from "vitest";
import { Access, type ArmLpaeS1Registers, IoPageTable, Prot } from "../../../bindings/index.js";
import type { Configuration } from "../../configurations/configuration.js";
import { hasQemu } from "../qemu/qemuProcess.js";
import { Builder, CALLS, type Surroundings } from "../tables/builder.js";
import { ourAnswer } from "../tables/compare.js";
import { GuestTables } from "../tables/guestTables.js";
import { probesOf } from "../tables/probes.js";
import { Random, SEED } from "../tables/random.js";
import { printLine } from "../tables/tally.js";
import { AARCH64_QEMU, AArch64, STORED } from "../walkers/aarch64.js";
import { configurationOf } from "./configurations.js";
import { roundsOf } from "./length.js";
import { FLUSH } from "./walkerSuite.js";

const CONFIGURATIONS = [
  ...["S1 4K, dirty bits", "S1 16K, dirty bits", "S1 64K, dirty bits", "S1 4K, LPA2, dirty bits"],
  ...["S1 16K, contiguous hint, dirty bits", "S1 16K, LPA2, TTBR1, dirty bits, contiguous hint"],
];
const PROTS = [Prot.READ | Prot.WRITE, Prot.READ | Prot.WRITE | Prot.CACHE, Prot.READ];
const STORE = Access.WRITE | Access.PRIV;
const ROUNDS = 2;
const STORES = 200;
const CALLS_PER_TABLE = 30;
/** What a repeat maps is dirty at all its addresses at once. */
const MIX = CALLS.filter((call) => call !== "mapRepeat");

/** One bit for each leaf: `[address, whether it is dirty]`. */
function leaves(table: IoPageTable, clear: boolean): Map<bigint, boolean> {
  const found = new Map<bigint, boolean>();
  for (const { iova, size, pageSize } of table.mappings()) {
    const count = size / pageSize;
    const bitmap = new Uint8Array(Math.ceil(count / 8));
    table.readDirty(iova, size, bitmap, { clear, pageSize });
    for (let i = 0; i < count; i++) {
      found.set(iova + BigInt(i) * BigInt(pageSize), ((bitmap[i >> 3] ?? 0) >> (i & 7)) % 2 === 1);
    }
  }
  return found;
}

async function round(cpu: AArch64, tables: GuestTables, configuration: Configuration, random: Random) {
  const surroundings: Surroundings = { configuration, areas: { ...cpu.areas, nowhere: null }, prots: PROTS };
  const options = { format: configuration.format(), flush: FLUSH };
  const table = new IoPageTable(tables.memory, options) as IoPageTable<ArmLpaeS1Registers>;
  const builder = new Builder(table, surroundings, random);
  for (let call = 0; call < CALLS_PER_TABLE; call++) builder.step(random.pick(MIX));
  leaves(table, true);
  tables.load(cpu.ram, { whole: true });
  if (configuration.space === "upper") cpu.programUpper(table.registers, true);
  else cpu.programLower(table.registers, true);
  const probes = probesOf({ ...surroundings, accesses: [STORE], outside: false }, builder, STORES);
  const allowed = probes.map((probe) => ourAnswer(table, probe));
  expect(await cpu.store(probes.map(({ iova }) => iova))).toEqual(allowed.map((answer) => answer >= 0));
  const written = allowed.filter((answer) => answer >= 0);
  expect(written.filter((place) => cpu.ram.word(place) >> 32n !== STORED >> 32n)).toEqual([]);
  for (const place of written) cpu.ram.writeWords(place, 0n);
  tables.fetch(cpu.ram);
  const stored = probes.filter((_, i) => (allowed[i] ?? -1) >= 0).map(({ iova }) => table.walk(iova).at(-1)?.iova);
  const all = leaves(table, true);
  const dirty = [...all].filter(([, isDirty]) => isDirty).map(([iova]) => iova);
  expect(dirty.sort()).toEqual([...new Set(stored)].sort());
  expect([...leaves(table, false).values()]).not.toContain(true);
  table.destroy();
  expect(tables.memory.stats().tablePagesInUse).toBe(0);
  return { leaves: all.size, dirty: dirty.length, stores: written.length, refused: probes.length - written.length };
}

const present = hasQemu(AARCH64_QEMU);
if (!present) printLine(`AArch64 CPU, dirty state: SKIPPED, ${AARCH64_QEMU} is not installed`);
describe.skipIf(!present)("AArch64 CPU, dirty state", () => {
  let cpu: AArch64 | undefined;
  beforeAll(async () => {
    cpu = await AArch64.start();
  });
  afterAll(async () => cpu?.close());

  test.each(CONFIGURATIONS)("%s", async (name) => {
    onTestFailed(() => printLine(`IO_PGTABLE_SEED=${SEED} repeats this run`));
    const area = cpu?.areas.tables[0];
    if (cpu === undefined || area === undefined) throw new Error("the walker has not started");
    const tables = new GuestTables(area);
    const counts = { leaves: 0, dirty: 0, stores: 0, refused: 0 };
    const rounds = roundsOf(ROUNDS);
    for (let i = 0; i < rounds; i++) {
      const made = await round(cpu, tables, configurationOf(name), new Random(`dirty, ${name}, ${i}`));
      for (const key of ["leaves", "dirty", "stores", "refused"] as const) counts[key] += made[key];
    }
    expect(counts.dirty).toBeGreaterThan(0);
    printLine(
      `AArch64 CPU, dirty state, ${name}: ${rounds} tables, ${counts.stores} stores and ${counts.refused} refused, ` +
        `${counts.dirty} of ${counts.leaves} leaves dirty; IO_PGTABLE_SEED=${SEED}`,
    );
  });
});
