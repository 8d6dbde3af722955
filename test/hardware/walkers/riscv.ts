// QEMU's RISC-V CPU: Sv39, Sv48 and Sv57, real accesses in S and U mode; its MMU log says where they led. Privileged specification: 12.3-12.6, 12.1.11 (satp).
import { join } from "node:path";
import { Access } from "../../../bindings/index.js";
import { GuestJob, guestImage, MOST_ACCESSES } from "../qemu/guestJob.js";
import type { GuestRam } from "../qemu/guestRam.js";
import { LogTail } from "../qemu/logTail.js";
import { type Answer, GIB, MIB, type Probe, type Walker } from "./walker.js";

export const RISCV_QEMU = "qemu-system-riscv64";
const RAM_BASE = 2 * GIB;
const RAM_BYTES = 64 * GIB;
/**
 * The page of the guest's code. QEMU 7.2 keeps what M mode fetches and what it reads through MPRV in one TLB (riscv_cpu_mmu_index), so that an access there
 * finds the untranslated page.
 */
export const GUEST_PAGE = { iova: BigInt(RAM_BASE), size: 4096n };
const SUM = 1n << 18n;
const DONE = 2n ** 64n - 1n;
const ILLEGAL = 2n;
const ACCESS_FAULTS = [1n, 5n, 7n];
const PAGE_FAULTS = [12n, 13n, 15n];
const SEED = 0x5eed_0000_0000_0000n;
const STORED = 0xc0de_0000_0000_0000n;
const KINDS = [Access.READ, Access.WRITE, Access.EXECUTE] as const;

export class RiscV implements Walker {
  readonly areas = {
    tables: [
      { start: RAM_BASE + 16 * MIB, end: RAM_BASE + 64 * MIB },
      { start: 60 * GIB, end: 60 * GIB + 48 * MIB },
    ],
    data: { start: 4 * GIB, end: 56 * GIB },
    nowhere: { start: 2 ** 40, end: 2 ** 50 },
  };
  #satp = 0n;

  private constructor(
    private readonly job: GuestJob,
    readonly ram: GuestRam,
    private readonly log: LogTail,
  ) {}

  static async start(): Promise<RiscV> {
    const job = await GuestJob.start({
      program: RISCV_QEMU,
      args: (folder) => [
        ...["-machine", "virt,memory-backend=ram", "-cpu", "rv64,svnapot=on,svpbmt=on,svinval=on"],
        ...["-bios", "none", "-d", "mmu", "-D", join(folder, "log")],
      ],
      ramBytes: RAM_BYTES,
      segments: [{ address: RAM_BASE, offset: 0, bytes: RAM_BYTES }],
      base: RAM_BASE,
      image: [[RAM_BASE, guestImage("riscv64")]],
    });
    return new RiscV(job, job.ram, new LogTail(join(job.folder, "log")));
  }

  program({ ppn, mode }: { ppn: bigint; mode: number }): void {
    this.#satp = (BigInt(mode) << 60n) | ppn;
  }

  /** S mode may read and write what is the user's. */
  #run(probes: readonly Probe[]): Promise<BigUint64Array> {
    this.log.lines();
    this.job.setWords(3, this.#satp, SUM, STORED, 0n);
    const operation = (access: number) =>
      KINDS.findIndex((kind) => (access & kind) !== 0) + (access & Access.PRIV ? 0 : 3);
    return this.job.run(probes.map(({ iova, access }) => ({ va: iova, operation: operation(access) })));
  }

  /** Page to page, as the walker found them in the last job. */
  #walks(): Map<bigint, number> {
    const walks = new Map<bigint, number>();
    for (const line of this.log.lines()) {
      const match = /tlb_fill (?:1st-stage )?address=(?:0x)?([0-9a-f]+) ret 0 physical (?:0x)?([0-9a-f]+)/.exec(line);
      if (match === null) continue;
      walks.set(BigInt(`0x${match[1]}`) >> 12n, Number.parseInt(match[2] ?? "", 16));
    }
    return walks;
  }

  async probe(probes: readonly Probe[]): Promise<Answer[]> {
    const answers = new Map<Probe, Answer>();
    for (const kind of KINDS) {
      const part = probes.filter(({ access }) => (access & kind) !== 0);
      for (let first = 0; first < part.length; first += MOST_ACCESSES) {
        await this.#access(part.slice(first, first + MOST_ACCESSES), kind, answers);
      }
    }
    return probes.map((probe) => answers.get(probe) ?? { fault: "not asked" });
  }

  async #access(probes: readonly Probe[], kind: number, answers: Map<Probe, Answer>): Promise<void> {
    const places = [...new Set(probes.map(({ expected }) => expected))].filter((place) => place !== undefined);
    const inRam = places.filter((place) => this.ram.has(place));
    const before = inRam.map((place) => this.ram.word(place));
    const seeds = new Map(inRam.map((place, i) => [place, SEED | BigInt(i)]));
    for (const [place, seed] of seeds) this.ram.writeWords(place, kind === Access.EXECUTE ? 0n : seed);
    const words = await this.#run(probes);
    const walks = this.#walks();
    const found = probes.map(({ iova }) => {
      const page = walks.get(BigInt.asUintN(64, iova) >> 12n);
      return page === undefined ? null : page - (page % 4096) + Number(iova & 0xfffn);
    });
    const done = (i: number) => words[i * 8 + 1] === DONE;
    const lastStore = new Map<number | null, bigint>();
    found.forEach((place, i) => {
      if (kind === Access.WRITE && done(i)) lastStore.set(place, words[i * 8] ?? 0n);
    });
    probes.forEach((probe, i) => {
      const pa = found[i] ?? null;
      const [value = 0n, cause = 0n, , epc = 0n] = words.subarray(i * 8, i * 8 + 8);
      const reached =
        done(i) || (kind === Access.EXECUTE && cause === ILLEGAL && epc === BigInt.asUintN(64, probe.iova));
      answers.set(
        probe,
        this.#answer(reached, cause, pa, (at) => moved(this.ram, kind, at, value, seeds, lastStore)),
      );
    });
    this.ram.writeEach(inRam, before);
  }

  #answer(reached: boolean, cause: bigint, pa: number | null, moved: (pa: number) => boolean | null): Answer {
    if (reached) return pa === null ? { fault: "reached without a walk" } : { pa, moved: moved(pa) };
    // Translated to where nothing is.
    if (ACCESS_FAULTS.includes(cause) && pa !== null && !this.ram.has(pa)) return { pa, moved: null };
    return { fault: PAGE_FAULTS.includes(cause) ? "not said" : `cause ${cause}` };
  }

  async close(): Promise<void> {
    this.log.close();
    await this.job.close();
  }
}

function moved(
  ram: GuestRam,
  kind: number,
  pa: number,
  value: bigint,
  seeds: ReadonlyMap<number, bigint>,
  lastStore: ReadonlyMap<number | null, bigint>,
): boolean | null {
  if (!ram.has(pa) || kind === Access.EXECUTE) return null;
  return kind === Access.READ ? value === seeds.get(pa) : ram.word(pa) === lastStore.get(pa);
}
