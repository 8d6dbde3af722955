// QEMU's amd-iommu: host tables of version 1. AMD IOMMU specification (48882): 2.2.2 (device table), 2.4 (commands), 2.5 (events), 3.4 (registers).
import { DmaProber } from "../qemu/dmaProber.js";
import type { GuestRam } from "../qemu/guestRam.js";
import { LogTail } from "../qemu/logTail.js";
import { dropFolder, scratchFolder } from "../qemu/qemuProcess.js";
import { type QtestMachine, writeq } from "../qemu/qtestMachine.js";
import { AREAS, BAR, DEVICE_FUNCTION, startPc } from "./q35.js";
import { dmaAnswer, dmaProbe } from "./smmuV3.js";
import { type Answer, MIB, type Probe, type Walker } from "./walker.js";

const DEVICE_TABLE = MIB;
const COMMANDS = MIB + 0x1_0000;
const EVENTS = MIB + 0x2_0000;
const SCRATCH = MIB + 0x3_0000;
const DONE_AT = MIB + 0x3_2000;
const DONE = 0x600dn;
const AMD = 0xfed8_0000;
const CONTROL = AMD + 0x18;
const COMMAND_TAIL = AMD + 0x2008;
const EVENT_HEAD = AMD + 0x2010;
const EVENT_TAIL = AMD + 0x2018;
/** IommuEn, EventLogEn, CmdBufEn. */
const ON = 0x1005n;
const QUEUE_BYTES = 0x1000;
const ENTRIES_256 = 8n << 56n;
const DOMAIN = 1n;
const EVERY_PAGE = 0x7fff_ffff_ffff_f000n;
const IO_PAGE_FAULT = 2;

export class AmdVi implements Walker {
  readonly areas = { ...AREAS, nowhere: null };
  readonly dma: DmaProber;
  #control = 0n;
  #commandTail = 0;
  #eventHead = 0;

  private constructor(
    readonly machine: QtestMachine,
    readonly ram: GuestRam,
    private readonly log: LogTail,
    private readonly folder: string,
  ) {
    this.dma = new DmaProber({
      machine,
      ram,
      log,
      bar: BAR,
      scratch: SCRATCH,
      reached,
      bypass: (on) => this.#turn(on ? 0n : ON),
      forget: () => {
        this.#put(invalidation(EVERY_PAGE | 1n));
        return [writeq(COMMAND_TAIL, BigInt(this.#commandTail))];
      },
      faults: () => this.#events(),
    });
  }

  static async start(): Promise<AmdVi> {
    const folder = scratchFolder();
    const { machine, ram, log } = await startPc(folder, "amd-iommu,intremap=off", "amdvi_translation_result");
    await machine.run(
      writeq(AMD, BigInt(DEVICE_TABLE)),
      writeq(AMD + 8, BigInt(COMMANDS) | ENTRIES_256),
      writeq(AMD + 0x10, BigInt(EVENTS) | ENTRIES_256),
    );
    return new AmdVi(machine, ram, new LogTail(log), folder);
  }

  async #turn(control: bigint): Promise<void> {
    if (this.#control === control) return;
    this.#control = control;
    await this.machine.run(writeq(CONTROL, control));
  }

  #put(words: readonly [bigint, bigint]): void {
    this.ram.writeWords(COMMANDS + this.#commandTail, ...words);
    this.#commandTail = (this.#commandTail + 16) % QUEUE_BYTES;
  }

  /** Commands, and a wait for their completion. */
  async #command(...commands: (readonly [bigint, bigint])[]): Promise<void> {
    this.ram.writeWords(DONE_AT, 0n);
    for (const words of commands) this.#put(words);
    this.#put([(1n << 60n) | BigInt(DONE_AT) | 1n, DONE]);
    await this.machine.run(writeq(COMMAND_TAIL, BigInt(this.#commandTail)));
    if (this.ram.word(DONE_AT) !== DONE) throw new Error("COMPLETION_WAIT did not complete");
  }

  /** `sizeLg2`: log2 of the bytes at an address that is aligned to them; 12 is one page. */
  invalidatePages(iova: bigint, sizeLg2: number): Promise<void> {
    const size = sizeLg2 === 12 ? 0n : (1n << BigInt(sizeLg2 - 1)) - 4096n;
    return this.#command(invalidation(iova | size | (sizeLg2 === 12 ? 0n : 1n)));
  }

  invalidateDomain(): Promise<void> {
    return this.#command(invalidation(EVERY_PAGE | 1n));
  }

  async #events(): Promise<string[]> {
    const tail = Number(await this.machine.readq(EVENT_TAIL));
    const faults: string[] = [];
    while (this.#eventHead !== tail) {
      const code = Number(this.ram.word(EVENTS + this.#eventHead) >> 60n);
      faults.push(code === IO_PAGE_FAULT ? "not said" : `event ${code}`);
      this.#eventHead = (this.#eventHead + 16) % QUEUE_BYTES;
    }
    if (faults.length > 0) await this.machine.run(writeq(EVENT_HEAD, BigInt(this.#eventHead)));
    return faults;
  }

  /** Changes root and mode in the device table entry; no IOTLB entry is dropped. */
  async point({ root, mode }: { root: bigint; mode: number }): Promise<void> {
    const valid = 3n;
    const readWrite = 3n << 61n;
    const entry = DEVICE_TABLE + DEVICE_FUNCTION * 32;
    this.ram.writeWords(entry, valid | (BigInt(mode) << 9n) | root | readWrite, DOMAIN, 0n, 0n);
    await this.#command([(2n << 60n) | BigInt(DEVICE_FUNCTION), 0n]);
  }

  /** Points the device at a table; everything cached before is dropped. */
  async program(registers: { root: bigint; mode: number }): Promise<void> {
    await this.#turn(0n);
    await this.#turn(ON);
    await this.point(registers);
    await this.invalidateDomain();
  }

  async probe(probes: readonly Probe[]): Promise<Answer[]> {
    return (await this.dma.probe(probes.map(dmaProbe))).map(dmaAnswer);
  }

  async close(): Promise<void> {
    await this.machine.close();
    this.log.close();
    this.ram.close();
    dropFolder(this.folder);
  }
}

const invalidation = (pages: bigint) => [(3n << 60n) | (DOMAIN << 32n), pages | 2n] as const;

/** The trace has the start of the page and not its size: every place that a page there could lead to. */
function reached(line: string, iova: bigint): number[] | null {
  const match = /translation_result .*?(0x[0-9a-f]+) hpa (0x[0-9a-f]+)/.exec(line);
  if (match === null || BigInt(match[1] ?? 0) !== iova) return null;
  const page = BigInt(match[2] ?? 0);
  const places = new Set<number>();
  for (let lg2 = 12n; lg2 < 53n && page % 2n ** lg2 === 0n; lg2++) places.add(Number(page | (iova % 2n ** lg2)));
  return [...places];
}
