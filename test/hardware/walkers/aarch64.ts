// QEMU's AArch64 CPU: stage 1 of EL1&0 through either base register, and stage 2. Address translation instructions answer in PAR_EL1; fetches are real.
// Arm ARM (DDI 0487): D8 (translation), D24.2 (registers), C5.5 (AT).
import { Access, type ArmLpaeS1Registers, type ArmLpaeS2Registers } from "../../../bindings/index.js";
import { type Access as GuestAccess, GuestJob, guestImage, MOST_ACCESSES } from "../qemu/guestJob.js";
import type { GuestRam } from "../qemu/guestRam.js";
import { hex } from "../qemu/qtestMachine.js";
import { accessFault, EXTERNAL_ABORT, stageFault } from "./armFaults.js";
import { type Answer, GIB, MIB, type Probe, TIB, type Walker } from "./walker.js";

export const AARCH64_QEMU = "qemu-system-aarch64";
const RAM_BASE = GIB;
const RAM_BYTES = 64 * GIB;
const PRIVATE = RAM_BASE + MIB;
/** Symbol of the guest: the vectors for EL1. */
const VECTORS_1 = 0x1000;
/** A table that shows the guest its own code through the base register that is free, and where its VAs then begin. */
const TRAMPOLINE = PRIVATE + 0x1f_0000;
const UPPER_CODE = 0xffff_ff80_0000_0000n;
const LOWER_CODE = 0n;
const OPERATION = { at: 0, atStage12: 4, fetch: 8, store: 11, storeUser: 13 } as const;
const SCTLR = 0x30d0_0800n;
const HCR_AARCH64 = 1n << 31n;
const HVC = 0xd400_0002;
const PAR_ADDRESS = 0x000f_ffff_ffff_f000n;
/** What a store stores, its number added. */
export const STORED = 0xc0de_0000_0000_0000n;

interface Context {
  readonly hcr: bigint;
  readonly vtcr: bigint;
  readonly vttbr: bigint;
  readonly sctlr: bigint;
  readonly tcr: bigint;
  readonly mair: bigint;
  readonly ttbr0: bigint;
  readonly ttbr1: bigint;
  /** The VA at which the guest sees the start of RAM. */
  readonly code: bigint;
}

const NO_STAGE_1: Context = {
  hcr: HCR_AARCH64,
  vtcr: 0n,
  vttbr: 0n,
  sctlr: SCTLR,
  tcr: 0n,
  mair: 0xffn,
  ttbr0: 0n,
  ttbr1: 0n,
  code: BigInt(RAM_BASE),
};

const field = (value: number, at: number): bigint => BigInt(value) << BigInt(at);

/** T0SZ, IRGN0, ORGN0 and SH0 of a half; the other half's fields stand 16 bits higher. TG has its own place and meaning in each. */
const half = (tsz: number, irgn: number, orgn: number, sh: number): bigint =>
  field(tsz, 0) | field(irgn, 8) | field(orgn, 10) | field(sh, 12);
const TRAMPOLINE_HALF = half(25, 1, 1, 3);
const TG0_4K = field(0, 14);
const TG1_4K = field(2, 30);

/** TCR_EL1 for a table below TTBR0, and the trampoline below TTBR1. */
function lowerTcr({ tcr }: ArmLpaeS1Registers, dirty: boolean): bigint {
  const own = half(tcr.tsz, tcr.irgn, tcr.orgn, tcr.sh) | field(tcr.tg, 14);
  return own | (TRAMPOLINE_HALF << 16n) | TG1_4K | common(tcr, dirty);
}

/** TCR_EL1 for a table below TTBR1, and the trampoline below TTBR0. */
function upperTcr({ tcr }: ArmLpaeS1Registers, dirty: boolean): bigint {
  const own = (half(tcr.tsz, tcr.irgn, tcr.orgn, tcr.sh) << 16n) | field(tcr.tg, 30);
  return own | TRAMPOLINE_HALF | TG0_4K | common(tcr, dirty);
}

function common(tcr: ArmLpaeS1Registers["tcr"], dirty: boolean): bigint {
  return field(tcr.ips, 32) | (dirty ? field(3, 39) : 0n) | field(tcr.ds ?? 0, 59);
}

function vtcrOf({ vtcr }: ArmLpaeS2Registers, dirty: boolean): bigint {
  const own = field(vtcr.tsz, 0) | field(vtcr.sl, 6) | field(vtcr.irgn, 8) | field(vtcr.orgn, 10) | field(vtcr.sh, 12);
  const wide = field(vtcr.ds ?? 0, 32) | field(vtcr.sl2 ?? 0, 33);
  return own | field(vtcr.tg, 14) | field(vtcr.ps, 16) | (dirty ? field(3, 21) : 0n) | wide | (1n << 31n);
}

export class AArch64 implements Walker {
  readonly areas = {
    tables: [
      { start: RAM_BASE + 16 * MIB, end: RAM_BASE + 64 * MIB },
      { start: 60 * GIB, end: 60 * GIB + 48 * MIB },
    ],
    data: { start: 4 * GIB, end: 56 * GIB },
    nowhere: { start: 2 * TIB, end: 4096 * TIB },
  };
  #context = NO_STAGE_1;

  private constructor(
    private readonly job: GuestJob,
    readonly ram: GuestRam,
  ) {}

  static async start(): Promise<AArch64> {
    // Read-only and executable at EL1; SH is left 0, since with LPA2 its bits are an address.
    const block = 1n | (1n << 10n) | (2n << 6n) | (1n << 54n);
    const job = await GuestJob.start({
      program: AARCH64_QEMU,
      args: () => [
        ...["-machine", "virt,virtualization=on,gic-version=3,memory-backend=ram", "-cpu", "max"],
        ...["-device", `loader,addr=${hex(PRIVATE)},cpu-num=0`],
      ],
      ramBytes: RAM_BYTES,
      segments: [{ address: RAM_BASE, offset: 0, bytes: RAM_BYTES }],
      base: PRIVATE,
      image: [
        [PRIVATE, guestImage("aarch64")],
        [TRAMPOLINE, BigUint64Array.of(BigInt(RAM_BASE) | block)],
      ],
    });
    return new AArch64(job, job.ram);
  }

  programLower(registers: ArmLpaeS1Registers, dirty = false): void {
    this.#programStage1(lowerTcr(registers, dirty), registers, registers.ttbr, BigInt(TRAMPOLINE), UPPER_CODE);
  }

  programUpper(registers: ArmLpaeS1Registers, dirty = false): void {
    this.#programStage1(upperTcr(registers, dirty), registers, BigInt(TRAMPOLINE), registers.ttbr, LOWER_CODE);
  }

  #programStage1(tcr: bigint, { mair }: ArmLpaeS1Registers, ttbr0: bigint, ttbr1: bigint, code: bigint): void {
    this.#context = { ...NO_STAGE_1, sctlr: SCTLR | 1n, tcr, mair, ttbr0, ttbr1, code };
  }

  programStage2(registers: ArmLpaeS2Registers, dirty = false): void {
    this.#context = {
      ...NO_STAGE_1,
      hcr: HCR_AARCH64 | 1n,
      vtcr: vtcrOf(registers, dirty),
      vttbr: registers.vttbr | (1n << 48n),
    };
  }

  get #isStage2(): boolean {
    return (this.#context.hcr & 1n) !== 0n;
  }

  async #run(accesses: readonly GuestAccess[]): Promise<BigUint64Array> {
    const { hcr, vtcr, vttbr, sctlr, tcr, mair, ttbr0, ttbr1, code } = this.#context;
    const guest = code + BigInt(PRIVATE - RAM_BASE);
    const vectors = guest + BigInt(VECTORS_1);
    this.job.setWords(3, hcr, vtcr, vttbr, sctlr, tcr, mair, ttbr0, ttbr1, vectors, guest, 0n, STORED);
    return this.job.run(accesses);
  }

  #operation(access: number): number {
    const user = (access & Access.PRIV) === 0;
    if ((access & Access.EXECUTE) !== 0) return OPERATION.fetch + (user ? 1 : 0);
    const base = this.#isStage2 ? OPERATION.atStage12 : OPERATION.at;
    return base + (user ? 2 : 0) + ((access & Access.WRITE) !== 0 ? 1 : 0);
  }

  async probe(probes: readonly Probe[]): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (let first = 0; first < probes.length; first += MOST_ACCESSES) {
      const part = probes.slice(first, first + MOST_ACCESSES);
      const planted = this.#isStage2 ? this.#plant(part) : [];
      const words = await this.#run(part.map(({ iova, access }) => ({ va: iova, operation: this.#operation(access) })));
      for (const place of planted) this.ram.write(place, new Uint8Array(4));
      answers.push(...part.map((probe, i) => this.#answer(probe, words.subarray(i * 8, i * 8 + 8))));
    }
    return answers;
  }

  /** A fetch under stage 2 must find a call of EL2, or the guest is lost. @returns where it will */
  #plant(probes: readonly Probe[]): number[] {
    const fetches = probes.filter(({ access }) => (access & Access.EXECUTE) !== 0);
    const places = fetches.map(({ expected }) => expected).filter((place) => place !== undefined);
    const inRam = places.filter((place) => this.ram.has(place, 4));
    for (const place of inRam) this.ram.write(place, Uint32Array.of(HVC));
    return inRam;
  }

  #answer({ iova, access, expected }: Probe, words: BigUint64Array): Answer {
    const par = words[0] ?? 0n;
    if ((access & Access.EXECUTE) !== 0) {
      const fault = accessFault(words, iova);
      // Translated to where nothing is.
      const isNowhere = fault?.fault === EXTERNAL_ABORT && expected !== undefined && !this.ram.has(expected);
      return fault === undefined || isNowhere ? { pa: expected ?? -1, moved: null } : fault;
    }
    if ((par & 1n) !== 0n) return stageFault(Number((par >> 1n) & 0x3fn));
    const pa = Number((par & PAR_ADDRESS) | (iova & 0xfffn));
    return { pa, moved: null, memory: { attributes: Number(par >> 56n), share: Number((par >> 7n) & 3n) } };
  }

  /** Real stores, for hardware that keeps dirty state. @returns which were done */
  async store(iovas: readonly bigint[]): Promise<boolean[]> {
    const words = await this.#run(iovas.map((va) => ({ va, operation: OPERATION.store })));
    return iovas.map((_, i) => ((words[i * 8 + 1] ?? 0n) & 0xffffn) === 2n);
  }

  close(): Promise<void> {
    return this.job.close();
  }
}
