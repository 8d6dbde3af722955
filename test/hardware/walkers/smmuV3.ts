// QEMU's SMMUv3 (`-machine virt,iommu=smmuv3`): stage 1 LPAE tables. Arm IHI 0070: 3 (queues), 4 (commands), 5 (STE and CD), 6 (registers), 7 (events).
import { join } from "node:path";
import { Access, type ArmLpaeS1Registers } from "../../../bindings/index.js";
import { DmaProber } from "../qemu/dmaProber.js";
import { GuestRam } from "../qemu/guestRam.js";
import { LogTail } from "../qemu/logTail.js";
import { dropFolder, scratchFolder } from "../qemu/qemuProcess.js";
import { hex, QtestMachine, readl, writel, writeq } from "../qemu/qtestMachine.js";
import { type Answer, GIB, MIB, type Probe, TIB, type Walker } from "./walker.js";

export const SMMU_QEMU = "qemu-system-aarch64";
const RAM_BASE = GIB;
const RAM_BYTES = 64 * GIB;
const PRIVATE = RAM_BASE + MIB;
const STUB = PRIVATE;
const STREAM_TABLE = PRIVATE + 0x1_0000;
const CONTEXT = PRIVATE + 0x2_0000;
const COMMANDS = PRIVATE + 0x3_0000;
const EVENTS = PRIVATE + 0x4_0000;
const SCRATCH = PRIVATE + 0x5_0000;
const SMMU = 0x0905_0000;
const CR0 = SMMU + 0x20;
const CR0_ON = 0xd;
const CR0_TRANSLATION_OFF = 0xc;
const EVENT_PROD = SMMU + 0x1_00a8;
const CONFIGURATION_SPACE = 0x40_1000_0000;
const BAR = 0x1000_0000;
const DEVICE_FUNCTION = 1 << 3;
const STREAM = BigInt(DEVICE_FUNCTION);
const QUEUE_LG2 = 7;
const QUEUE = 1 << QUEUE_LG2;
const EDU_ID = 0x11e8_1234;
export const ASID = 1n;

const FAULTS: Readonly<Record<number, string>> = {
  16: "unmapped",
  17: "address size",
  18: "access flag",
  19: "permission",
};

export type SmmuCommand = readonly [bigint, bigint];
const SYNC: SmmuCommand = [0x46n, 0n];

export class SmmuV3 implements Walker {
  readonly areas = {
    tables: [
      { start: RAM_BASE + 16 * MIB, end: RAM_BASE + 64 * MIB },
      { start: 60 * GIB, end: 60 * GIB + 48 * MIB },
    ],
    data: { start: 4 * GIB, end: 56 * GIB },
    nowhere: { start: 2 * TIB, end: 16 * TIB },
  };
  readonly dma: DmaProber;
  #commandAt = 0;
  #eventAt = 0;

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
      reached: (line, iova) => {
        const match = /translate_success .*iova=(0x[0-9a-f]+) translated=(0x[0-9a-f]+)/.exec(line);
        return match !== null && BigInt(match[1] ?? 0) === iova ? [Number(match[2])] : null;
      },
      bypass: async (on) => void (await machine.run(writel(CR0, on ? CR0_TRANSLATION_OFF : CR0_ON))),
      forget: () => [],
      faults: () => this.#events(),
    });
  }

  static async start(): Promise<SmmuV3> {
    const folder = scratchFolder();
    const ram = new GuestRam(join(folder, "ram"), RAM_BYTES, [{ address: RAM_BASE, offset: 0, bytes: RAM_BYTES }]);
    // wfi; b .-4
    ram.write(STUB, Uint32Array.of(0xd503207f, 0x17ffffff));
    const log = join(folder, "trace");
    const machine = new QtestMachine(SMMU_QEMU, [
      "-nodefaults",
      ...["-machine", "virt,iommu=smmuv3,gic-version=3,memory-backend=ram", "-cpu", "max"],
      ...["-object", `memory-backend-file,id=ram,size=${RAM_BYTES},mem-path=${ram.file},share=on`],
      ...["-m", `${RAM_BYTES / MIB}M`, "-device", "edu,addr=01.0,dma_mask=0xffffffffffffffff"],
      ...["-device", `loader,addr=${hex(STUB)},cpu-num=0`, "-D", log, "-trace", "smmuv3_translate_success"],
    ]);
    const smmu = new SmmuV3(machine, ram, new LogTail(log), folder);
    await smmu.#boot();
    ram.unlink();
    return smmu;
  }

  async #boot(): Promise<void> {
    const device = CONFIGURATION_SPACE + DEVICE_FUNCTION * 4096;
    if ((await this.machine.readl(device)) !== EDU_ID) throw new Error("no edu device");
    const queue = (address: number) => BigInt(address + QUEUE_LG2) | (1n << 62n);
    await this.machine.run(
      writel(device + 0x10, BAR),
      writel(device + 4, 6),
      ...[writel(CR0, 0), writel(SMMU + 0x28, 0xd75), writel(SMMU + 0x2c, 2)],
      ...[writeq(SMMU + 0x80, BigInt(STREAM_TABLE) | (1n << 62n)), writel(SMMU + 0x88, 8)],
      ...[writeq(SMMU + 0x90, queue(COMMANDS)), writel(SMMU + 0x98, 0), writel(SMMU + 0x9c, 0)],
      ...[writeq(SMMU + 0xa0, queue(EVENTS)), writel(EVENT_PROD, 0), writel(EVENT_PROD + 4, 0)],
      ...[writel(CR0, 8), writel(CR0, CR0_TRANSLATION_OFF), writel(CR0, CR0_ON)],
    );
  }

  /** Puts commands into the queue and waits until they have had their effect. */
  async command(...commands: SmmuCommand[]): Promise<void> {
    for (let first = 0; first < commands.length; first += QUEUE / 2) {
      for (const words of [...commands.slice(first, first + QUEUE / 2), SYNC]) {
        this.ram.writeWords(COMMANDS + (this.#commandAt % QUEUE) * 16, ...words);
        this.#commandAt = (this.#commandAt + 1) % (2 * QUEUE);
      }
      const [, consumed] = await this.machine.run(writel(SMMU + 0x98, this.#commandAt), readl(SMMU + 0x9c));
      if ((Number(consumed) & (2 * QUEUE - 1)) !== this.#commandAt) throw new Error(`command queue: ${consumed}`);
    }
  }

  async #events(): Promise<string[]> {
    const end = (await this.machine.readl(EVENT_PROD)) & (2 * QUEUE - 1);
    const faults: string[] = [];
    while (this.#eventAt !== end) {
      const type = Number(this.ram.word(EVENTS + (this.#eventAt % QUEUE) * 32) & 0xffn);
      faults.push(FAULTS[type] ?? `event ${type}`);
      this.#eventAt = (this.#eventAt + 1) % (2 * QUEUE);
    }
    if (faults.length > 0) await this.machine.run(writel(EVENT_PROD + 4, this.#eventAt));
    return faults;
  }

  /** Points the device at a table; everything cached before is dropped. */
  async program({ ttbr, mair, tcr }: ArmLpaeS1Registers): Promise<void> {
    const field = (value: number, at: number) => BigInt(value) << BigInt(at);
    const descriptor =
      field(tcr.tsz, 0) | field(tcr.tg, 6) | field(tcr.irgn, 8) | field(tcr.orgn, 10) | field(tcr.sh, 12);
    const noTtbr1 = 1n << 30n;
    const valid = 1n << 31n;
    const aarch64 = 1n << 41n;
    const recordFaults = (1n << 45n) | (1n << 46n) | (1n << 47n);
    const word = descriptor | noTtbr1 | valid | field(tcr.ips, 32) | aarch64 | recordFaults | (ASID << 48n);
    this.ram.writeWords(CONTEXT, word, ttbr, 0n, mair, 0n, 0n, 0n, 0n);
    const stage1 = 1n | (5n << 1n) | BigInt(CONTEXT);
    const attributes = 2n | (1n << 2n) | (1n << 4n) | (3n << 6n) | (1n << 44n);
    this.ram.writeWords(STREAM_TABLE + DEVICE_FUNCTION * 64, stage1, attributes, 0n, 0n, 0n, 0n, 0n, 0n);
    await this.command([0x03n | (STREAM << 32n), 1n], [0x06n | (STREAM << 32n), 0n], [0x30n, 0n]);
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

export const dmaProbe = ({ iova, access }: Probe) => ({ iova, write: (access & Access.WRITE) !== 0 });

/** Where no fault was recorded, the walker has not said why. */
export function dmaAnswer(answer: Answer): Answer {
  return "fault" in answer && answer.fault === answer.fault.toUpperCase() ? { fault: "not said" } : answer;
}
