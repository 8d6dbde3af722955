// One change of one table, before a device that has used the addresses that are about to change.
import { expect } from "vitest";
import { IoPageTable, Prot } from "../../../bindings/index.js";
import type { Configuration } from "../../configurations/configuration.js";
import { endOf } from "../../configurations/geometry.js";
import type { DmaAnswer, DmaProber } from "../qemu/dmaProber.js";
import { Builder, type Surroundings } from "../tables/builder.js";
import { CHANGES, type Change } from "../tables/changes.js";
import { FlushRecorder, type FlushRequest } from "../tables/flushRecorder.js";
import type { GuestTables } from "../tables/guestTables.js";
import { Mirror } from "../tables/mirror.js";
import { type Model, paddrIn } from "../tables/model.js";
import { isHarmless } from "../tables/probes.js";
import { Random } from "../tables/random.js";
import type { Walker } from "../walkers/walker.js";

export interface TlbPlan<W extends Walker & { dma: DmaProber }, R> {
  readonly walker: string;
  readonly program: string;
  readonly configurations: readonly Configuration[];
  readonly rounds: number;
  start(): Promise<W>;
  point(walker: W, registers: R): Promise<void>;
  rootOf(registers: R): bigint;
  /** @returns the number of commands */
  invalidate(walker: W, request: FlushRequest, page: bigint): Promise<number>;
  /** Whether a flush of one page drops no more than that page. */
  readonly dropsRanges: boolean;
}

/** All flushes as asked for; none; or each without its first granule. */
export const MODES = ["asked", "none", "short"] as const;
export type Mode = (typeof MODES)[number];

/** For the line that a suite prints. */
export class Counts {
  rounds = 0;
  flushes = 0;
  commands = 0;
  probes = 0;
  stale = 0;

  add(other: Counts): void {
    this.rounds += other.rounds;
    this.flushes += other.flushes;
    this.commands += other.commands;
    this.probes += other.probes;
    this.stale += other.stale;
  }

  toString(): string {
    return (
      `${this.rounds} changes, ${this.flushes} flushes, ${this.commands} commands, ` +
      `${this.probes} probes, ${this.stale} stale`
    );
  }
}

const READ_WRITE = Prot.READ | Prot.WRITE;
const MAPS = 12;
const MOST_TARGETS = 64;
const BETWEEN = 4;
const MOST_BETWEEN = 80;

/** Where a write must end: null where it must fault. */
function truth(model: Model, iova: bigint): number | null {
  const run = model.at(iova);
  return run === undefined || (run.prot & Prot.WRITE) === 0 ? null : Number(paddrIn(run, iova));
}

const reached = (answer: DmaAnswer | undefined): number | null =>
  answer === undefined || "fault" in answer ? null : answer.pa;

export class TlbRound<W extends Walker & { dma: DmaProber }, R> {
  readonly #random: Random;
  readonly #recorder: FlushRecorder;
  readonly #table: IoPageTable<R>;
  readonly #surroundings: Surroundings;
  readonly #builder: Builder;

  constructor(
    private readonly plan: TlbPlan<W, R>,
    private readonly walker: W,
    private readonly tables: GuestTables,
    private readonly configuration: Configuration,
    private readonly counts: Counts,
    purpose: string,
  ) {
    this.#random = new Random(purpose);
    this.#recorder = new FlushRecorder(tables);
    const format = configuration.format();
    this.#table = new IoPageTable(tables.memory, { format, flush: this.#recorder.flush }) as IoPageTable<R>;
    this.#surroundings = { configuration, areas: { ...walker.areas, nowhere: null }, prots: [READ_WRITE] };
    this.#builder = new Builder(this.#table, this.#surroundings, this.#random);
  }

  async run(change: string, mode: Mode): Promise<void> {
    for (let i = 0; i < MAPS; i++) this.#builder.map();
    const chosen = CHANGES[change]?.choose(this.#builder) ?? null;
    this.#recorder.take();
    this.tables.load(this.walker.ram, { whole: true });
    await this.plan.point(this.walker, this.#table.registers);
    if (chosen !== null) await this.#change(chosen, mode);
    this.#table.destroy();
    expect(this.tables.memory.stats().tablePagesInUse).toBe(0);
  }

  /** Addresses at the edges of what changes and inside, and of everything else that is mapped; only where data can be seen. */
  #targets({ spans }: Change): bigint[] {
    const { model } = this.#builder;
    const all = [...spans, ...spans, ...spans, ...model.runs].flatMap((span) => [
      span.iova,
      endOf(span) - 8n,
      this.#random.between(span.iova, endOf(span), 8n),
    ]);
    const usable = all.filter((iova) => truth(model, iova) !== null && this.#isSeen(model, iova));
    return [...new Set(usable)].slice(0, MOST_TARGETS);
  }

  async #probe(iovas: readonly bigint[]): Promise<(number | null)[]> {
    this.counts.probes += iovas.length;
    const answers = await this.walker.dma.probe(
      iovas.map((iova) => ({ iova, write: true })),
      true,
    );
    return iovas.map((_, i) => reached(answers[i]));
  }

  async #change(change: Change, mode: Mode): Promise<void> {
    const targets = this.#targets(change);
    const before = this.#builder.model.copy();
    await this.walker.dma.preload();
    expect(await this.#probe(targets)).toEqual(targets.map((iova) => truth(before, iova)));
    const root = this.plan.rootOf(this.#table.registers);
    const mirror = new Mirror(
      this.tables.area,
      this.tables.memory.buffer.byteLength,
      this.configuration.format(),
      root,
    );
    mirror.apply([this.tables.all()]);
    change.make();
    this.counts.rounds++;
    const { model } = this.#builder;
    await this.#replay(mode, targets, mirror);
    const after = await this.#probe(targets);
    const stale = targets.filter((iova, i) => after[i] !== truth(model, iova));
    this.counts.stale += stale.length;
    if (mode === "asked") expect(stale.map((iova) => `0x${iova.toString(16)} is stale`)).toEqual([]);
    // Whatever was stale was what it had been before, and was held by the TLB alone.
    const old = stale.map((iova) => after[targets.indexOf(iova)]);
    expect(old).toEqual(stale.map((iova) => truth(before, iova)));
    await this.plan.invalidate(this.walker, { kind: "all" }, this.#builder.page);
    await this.walker.dma.preload();
    const mapped = model.runs.map(({ iova }) => iova).filter((iova) => this.#isSeen(model, iova));
    const everything = [...new Set([...targets, ...mapped])].slice(0, 2 * MOST_TARGETS);
    expect(await this.#probe(everything)).toEqual(everything.map((iova) => truth(model, iova)));
  }

  /** Unmapped, or RAM: elsewhere a refused write cannot be told from one that went nowhere. */
  #isSeen(model: Model, iova: bigint): boolean {
    const run = model.at(iova);
    return run === undefined || isHarmless(this.#surroundings, paddrIn(run, iova));
  }

  /** What the library wrote, and its flushes, in the order in which it did. */
  async #replay(mode: Mode, targets: readonly bigint[], mirror: Mirror): Promise<void> {
    const { steps, rest } = this.#recorder.take();
    let between = 0;
    for (const { pieces, flush } of steps) {
      for (const { address, data } of pieces) this.walker.ram.write(address, data);
      mirror.apply(pieces);
      this.counts.flushes++;
      if (mode !== "none") await this.#invalidate(mode === "short" ? shortened(flush) : flush);
      if (mode !== "asked" || between > MOST_BETWEEN) continue;
      const some = targets.filter((iova) => covers(flush, iova)).slice(0, BETWEEN);
      between += some.length;
      // What was flushed is as the tables are at this moment.
      const said = `${this.configuration.name}, after ${show(flush)}`;
      expect(await this.#probe(some), said).toEqual(some.map((iova) => mirror.writeTo(iova)));
    }
    for (const { address, data } of rest) this.walker.ram.write(address, data);
  }

  async #invalidate(request: FlushRequest | null): Promise<void> {
    if (request === null) return;
    this.counts.commands += await this.plan.invalidate(this.walker, request, this.#builder.page);
  }
}

const covers = (flush: FlushRequest, iova: bigint): boolean =>
  flush.kind === "all" || (iova >= flush.iova && iova < flush.iova + flush.size);

/** For a message. */
const show = (flush: FlushRequest): string =>
  JSON.stringify(flush, (_, value) => (typeof value === "bigint" ? `0x${value.toString(16)}` : value));

function shortened(request: FlushRequest): FlushRequest | null {
  if (request.kind === "all") return null;
  const { iova, size, granule } = request;
  return size <= granule ? null : { ...request, iova: iova + granule, size: size - granule };
}
