// One foreign walker, and the configurations whose tables it can read.
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from "vitest";
import { IoPageTable, type TableMemory } from "../../../bindings/index.js";
import type { Configuration } from "../../configurations/configuration.js";
import { hasQemu } from "../qemu/qemuProcess.js";
import { Builder } from "../tables/builder.js";
import { disagreement } from "../tables/compare.js";
import { GuestTables } from "../tables/guestTables.js";
import type { Span } from "../tables/model.js";
import { probesOf, type Questions } from "../tables/probes.js";
import { Random, SEED } from "../tables/random.js";
import { printLine, printTotal, Tally } from "../tables/tally.js";
import type { Answer, Probe, Walker } from "../walkers/walker.js";
import { roundsOf } from "./length.js";

export interface WalkerCase<W extends Walker, R> {
  readonly configuration: Configuration;
  /** Protections that the format can say. */
  readonly prots: readonly number[];
  readonly accesses: readonly number[];
  program(walker: W, registers: R): Promise<void> | void;
  readonly taken?: Span;
  readonly blind?: Span;
  /** False where the walker cannot be asked about addresses outside the input space, or wraps them. */
  readonly outside?: boolean;
  /** Only RAM is mapped. */
  readonly onlyRam?: boolean;
  /** For a configuration that has several cases. */
  readonly what?: string;
  /** The address that the walker has for an input address of the table; default the same. */
  addressOf?(iova: bigint): bigint;
  /** Entries that the walker has in a form of its own, which differs in known bits. */
  adapt?(table: IoPageTable, memory: TableMemory): [address: number, entries: bigint[]][];
  /** More that must hold of an answer where `prot` was asked for. @returns what does not, or null */
  inspect?(table: IoPageTable<R>, probe: Probe, answer: Answer, prot: number): string | null;
}

export interface WalkerPlan<W extends Walker> {
  readonly walker: string;
  readonly program: string;
  start(): Promise<W>;
  /** Seconds of a probe differ by a factor of a hundred between walkers. */
  readonly probes: number;
  readonly rounds: number;
}

export const FLUSH = { flushAll() {}, flushWalk() {}, flushRange() {} };
const CALLS_PER_TABLE = 40;
const SHOWN = 5;

/** A random table, in the guest's RAM; `body` asks about it. */
export async function withRandomTable<W extends Walker, R>(
  walker: W,
  tables: GuestTables,
  walkerCase: WalkerCase<W, R>,
  random: Random,
  body: (table: IoPageTable<R>, builder: Builder, questions: Questions) => Promise<void>,
): Promise<void> {
  const { configuration, prots, accesses, taken, blind, outside = true } = walkerCase;
  const areas = walkerCase.onlyRam === true ? { ...walker.areas, nowhere: null } : walker.areas;
  const spans = { ...(taken === undefined ? {} : { taken }), ...(blind === undefined ? {} : { blind }) };
  const questions: Questions = { configuration, areas, prots, accesses, outside, ...spans };
  const format = configuration.format();
  const table = new IoPageTable(tables.memory, { format, flush: FLUSH }) as IoPageTable<R>;
  const builder = new Builder(table, questions, random);
  builder.mapEnds();
  for (let call = 0; call < CALLS_PER_TABLE; call++) builder.step();
  tables.load(walker.ram, { whole: true });
  for (const [address, entries] of walkerCase.adapt?.(table, tables.memory) ?? []) {
    walker.ram.writeWords(address, ...entries);
  }
  await walkerCase.program(walker, table.registers);
  await body(table, builder, questions);
  table.destroy();
  expect(tables.memory.stats().tablePagesInUse).toBe(0);
}

export function walkerSuite<W extends Walker>(
  plan: WalkerPlan<W>,
  define: (add: <R>(walkerCase: WalkerCase<W, R>) => void, walker: () => W) => void,
): void {
  const { walker: name, program } = plan;
  const present = hasQemu(program);
  if (!present) printLine(`${name}: SKIPPED, ${program} is not installed`);
  describe.skipIf(!present)(name, () => {
    const total = new Tally();
    let walker: W | undefined;
    const running = () => {
      if (walker === undefined) throw new Error("the walker has not started");
      return walker;
    };
    beforeAll(async () => {
      walker = await plan.start();
    });
    afterAll(async () => {
      printTotal(name, total);
      await walker?.close();
    });
    const memories = new Map<string, GuestTables>();
    define((walkerCase) => {
      const { configuration, what } = walkerCase;
      const title = what === undefined ? configuration.name : `${configuration.name}, ${what}`;
      test(title, async () => {
        onTestFailed(() => printLine(`IO_PGTABLE_SEED=${SEED} repeats this run`));
        const tally = new Tally();
        await runCase(running(), memories, walkerCase, plan, tally);
        printLine(`${name}, ${title}: ${tally}`);
        total.add(tally);
      });
    }, running);
  });
}

async function runCase<W extends Walker, R>(
  walker: W,
  memories: Map<string, GuestTables>,
  walkerCase: WalkerCase<W, R>,
  plan: WalkerPlan<W>,
  tally: Tally,
): Promise<void> {
  const { configuration, inspect, addressOf = (iova) => iova } = walkerCase;
  const areas = walker.areas.tables.filter(({ end }) => end <= 2 ** configuration.tablePaddrBits);
  for (let round = 0; round < roundsOf(plan.rounds); round++) {
    const random = new Random(`${plan.walker}, ${configuration.name}, ${round}`);
    const area = random.pick(areas);
    // A memory keeps the sizes of its pages: one granule may have taken all that another needs.
    const home = `${area.start}, ${configuration.pageSizes[0]}`;
    const tables = memories.get(home) ?? new GuestTables(area);
    // A table that fails leaves its memory as it is: the next one gets another.
    memories.delete(home);
    await withRandomTable(walker, tables, walkerCase, random, async (table, builder, questions) => {
      const probes = probesOf(questions, builder, plan.probes);
      const answers = await walker.probe(probes.map((probe) => ({ ...probe, iova: addressOf(probe.iova) })));
      const wrong = probes.flatMap((probe, i) => {
        const answer = answers[i] ?? { fault: "no answer" };
        return (
          disagreement(table, probe, answer, tally) ??
          inspect?.(table, probe, answer, builder.model.at(probe.iova)?.prot ?? 0) ??
          []
        );
      });
      expect(wrong.slice(0, SHOWN), `round ${round}, ${wrong.length} of ${probes.length} probes`).toEqual([]);
      tally.tables++;
      for (const [call, count] of Object.entries(builder.made)) tally.addCalls(call, count);
    });
    memories.set(home, tables);
  }
}
