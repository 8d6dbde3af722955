// QEMU's 32-bit Arm CPU: short descriptors, and long ones with TTBCR.EAE. Arm ARM for ARMv7-A (DDI 0406C) B3, B4.1 (registers), B3.13.5 (PAR).
import { Access, type ArmLpaeS1Registers, type ArmV7sRegisters } from "../../../bindings/index.js";
import { GuestJob, guestImage } from "../qemu/guestJob.js";
import type { GuestRam } from "../qemu/guestRam.js";
import { hex } from "../qemu/qtestMachine.js";
import { shortFault, stageFault } from "./armFaults.js";
import { type Answer, GIB, MIB, type Probe, type Walker } from "./walker.js";

export const ARMV7_QEMU = "qemu-system-arm";
const RAM_BASE = GIB;
const RAM_BYTES = 2 * GIB;
const PRIVATE = RAM_BASE + MIB;
/** MMU on, and as Linux has it: AP[0] is the access flag (AFE), and TEX is remapped (TRE). */
const SCTLR = 0x00c5_0078n | 1n;
const AFE_TRE = (1n << 29n) | (1n << 28n);
const EAE = 1n << 31n;
/** All domains are checked; a domain fault makes QEMU 7.2 end itself. */
const DACR = 0x5555_5555n;
const LONG = 1n << 11n;
const SUPERSECTION = 2n;

export class ArmV7 implements Walker {
  readonly areas = {
    tables: [{ start: RAM_BASE + 16 * MIB, end: RAM_BASE + 64 * MIB }],
    data: { start: RAM_BASE + 256 * MIB, end: RAM_BASE + RAM_BYTES },
    nowhere: null,
  };
  #context: readonly bigint[] = [];

  private constructor(
    private readonly job: GuestJob,
    readonly ram: GuestRam,
  ) {}

  static async start(): Promise<ArmV7> {
    const job = await GuestJob.start({
      program: ARMV7_QEMU,
      args: () => [
        ...["-machine", "virt,virtualization=on,highmem=off,memory-backend=ram", "-cpu", "cortex-a15"],
        ...["-device", `loader,addr=${hex(PRIVATE)},cpu-num=0`],
      ],
      ramBytes: RAM_BYTES,
      segments: [{ address: RAM_BASE, offset: 0, bytes: RAM_BYTES }],
      base: PRIVATE,
      image: [[PRIVATE, guestImage("armv7")]],
    });
    return new ArmV7(job, job.ram);
  }

  /** @param n TTBCR.N: how many address bits fewer than 32 */
  programShort({ ttbr, tcr, prrr, nmrr }: ArmV7sRegisters, n: number): void {
    const ttbcr = BigInt(tcr) | (n > 0 ? BigInt(n) | (1n << 5n) : 0n);
    this.#context = [SCTLR | AFE_TRE, ttbcr, BigInt(ttbr), 0n, DACR, BigInt(prrr), BigInt(nmrr), 0n];
  }

  programLong({ ttbr, mair, tcr }: ArmLpaeS1Registers): void {
    const walks = (tcr.irgn << 8) | (tcr.orgn << 10) | (tcr.sh << 12);
    const noTtbr1 = 1n << 23n;
    const ttbcr = EAE | noTtbr1 | BigInt(walks | (tcr.tsz - 32));
    this.#context = [SCTLR, ttbcr, ttbr, 0n, DACR, mair & 0xffff_ffffn, mair >> 32n, 0n];
  }

  async probe(probes: readonly Probe[]): Promise<Answer[]> {
    this.job.setWords(3, ...this.#context);
    const operation = (access: number) =>
      ((access & Access.PRIV) === 0 ? 2 : 0) + ((access & Access.WRITE) !== 0 ? 1 : 0);
    const words = await this.job.run(probes.map(({ iova, access }) => ({ va: iova, operation: operation(access) })));
    return probes.map(({ iova }, i) => answer(words[i * 8] ?? 0n, iova));
  }

  close(): Promise<void> {
    return this.job.close();
  }
}

function answer(par: bigint, iova: bigint): Answer {
  if ((par & LONG) !== 0n) {
    if ((par & 1n) !== 0n) return stageFault(Number((par >> 1n) & 0x3fn));
    const memory = { attributes: Number((par >> 56n) & 0xffn), share: Number((par >> 7n) & 3n) };
    return { pa: Number((par & 0xff_ffff_f000n) | (iova & 0xfffn)), moved: null, memory };
  }
  if ((par & 1n) !== 0n) return shortFault(Number((par >> 1n) & 0x1fn));
  if ((par & SUPERSECTION) !== 0n) {
    const high = ((par >> 16n) & 0xffn) << 32n;
    return { pa: Number(high | (par & 0xff00_0000n) | (iova & 0xff_ffffn)), moved: null };
  }
  return { pa: Number((par & 0xffff_f000n) | (iova & 0xfffn)), moved: null };
}
