// QEMU's intel-iommu: second-stage tables in legacy mode. Intel VT-d specification: 6.5 (invalidation), 7 (faults), 9 (root and context entries), 11 (registers).
import { DmaProber } from "../qemu/dmaProber.js";
import type { GuestRam } from "../qemu/guestRam.js";
import { LogTail } from "../qemu/logTail.js";
import { dropFolder, scratchFolder } from "../qemu/qemuProcess.js";
import { type QtestMachine, writel, writeq } from "../qemu/qtestMachine.js";
import { AREAS, BAR, DEVICE_FUNCTION, startPc } from "./q35.js";
import { dmaAnswer, dmaProbe } from "./smmuV3.js";
import { type Answer, MIB, type Probe, type Walker } from "./walker.js";

const ROOT = MIB;
const CONTEXT = MIB + 0x1000;
const SCRATCH = MIB + 0x4000;
const VTD = 0xfed9_0000;
const COMMAND = VTD + 0x18;
const STATUS = VTD + 0x1c;
const ROOT_TABLE = VTD + 0x20;
const CONTEXT_COMMAND = VTD + 0x28;
const FAULT_STATUS = VTD + 0x34;
const TRANSLATION = 2 ** 31;
const SET_ROOT = 2 ** 30;
export const DOMAIN = 1n;
const DO_IT = 1n << 63n;
const GLOBAL = 1n << 60n;
const PAGES = 3n << 60n;

export class VtD implements Walker {
  readonly areas = AREAS;
  readonly dma: DmaProber;
  #faultRecords = 0;
  #iotlb = 0;
  #isOn = false;

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
        const match = /dmar_translate .*?iova (0x[0-9a-f]+) -> gpa (0x[0-9a-f]+) mask (0x[0-9a-f]+)/.exec(line);
        if (match === null) return null;
        const mask = BigInt(match[3] ?? 0);
        return BigInt(match[1] ?? 0) === (iova & ~mask) ? [Number(BigInt(match[2] ?? 0) | (iova & mask))] : null;
      },
      bypass: (on) => this.#translate(!on),
      forget: () => [writeq(this.#iotlb + 8, DO_IT | GLOBAL)],
      faults: () => this.#faults(),
    });
  }

  /** @param bits of input addresses that the IOMMU has, 39 or 48 */
  static async start(bits: number): Promise<VtD> {
    const folder = scratchFolder();
    const { machine, ram, log } = await startPc(
      folder,
      `intel-iommu,intremap=off,aw-bits=${bits}`,
      "vtd_dmar_translate",
    );
    const vtd = new VtD(machine, ram, new LogTail(log), folder);
    vtd.#faultRecords = VTD + Number(((await machine.readq(VTD + 8)) >> 24n) & 0x3ffn) * 16;
    vtd.#iotlb = VTD + Number(((await machine.readq(VTD + 0x10)) >> 8n) & 0x3ffn) * 16;
    return vtd;
  }

  async #translate(on: boolean): Promise<void> {
    if (this.#isOn === on) return;
    this.#isOn = on;
    await this.machine.run(writel(COMMAND, on ? TRANSLATION : 0));
    if ((await this.machine.readl(STATUS)) >= TRANSLATION !== on) throw new Error("translation does not change");
  }

  async #faults(): Promise<string[]> {
    const faults: string[] = [];
    for (;;) {
      const status = await this.machine.readl(FAULT_STATUS);
      if ((status & 2) === 0) break;
      const record = this.#faultRecords + ((status >> 8) & 0xff) * 16;
      const reason = Number(((await this.machine.readq(record + 8)) >> 32n) & 0xffn);
      // 5 and 6: no write or read permission at some level, which is also how an empty entry looks.
      faults.push(reason === 5 || reason === 6 ? "not said" : reason === 4 ? "unmapped" : `reason ${reason}`);
      await this.machine.run(writel(record + 12, 0x8000_0000), writel(FAULT_STATUS, 1));
    }
    return faults;
  }

  async invalidateIotlb(command: bigint, address?: bigint): Promise<void> {
    const writes = address === undefined ? [] : [writeq(this.#iotlb, address)];
    await this.machine.run(...writes, writeq(this.#iotlb + 8, DO_IT | (DOMAIN << 32n) | command));
    if ((await this.machine.readq(this.#iotlb + 8)) >> 63n === 1n) throw new Error("the IOTLB register stays busy");
  }

  /** 2^`orderLg2` pages at an address that is aligned to them. */
  invalidatePages(iova: bigint, orderLg2: number): Promise<void> {
    return this.invalidateIotlb(PAGES, iova | BigInt(orderLg2));
  }

  invalidateDomain(): Promise<void> {
    return this.invalidateIotlb(2n << 60n);
  }

  /** Points the device at a table; everything cached before is dropped. */
  async program({ ssptptr, aw }: { ssptptr: bigint; aw: number }): Promise<void> {
    await this.#translate(false);
    this.ram.writeWords(ROOT, BigInt(CONTEXT) | 1n, 0n);
    this.ram.writeWords(CONTEXT + DEVICE_FUNCTION * 16, ssptptr | 1n, BigInt(aw) | (DOMAIN << 8n));
    await this.machine.run(writeq(ROOT_TABLE, BigInt(ROOT)), writel(COMMAND, SET_ROOT));
    await this.machine.run(writeq(CONTEXT_COMMAND, DO_IT | (1n << 61n)));
    await this.invalidateIotlb(GLOBAL);
    await this.#translate(true);
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
