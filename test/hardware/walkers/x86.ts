// QEMU's x86-64 CPU with four or five levels: real accesses at both privileges. AMD64 Architecture Programmer's Manual volume 2 (24593) 5.3-5.6, 8.4.2 (error codes).
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Access } from "../../../bindings/index.js";
import { GuestJob, guestImage, MOST_ACCESSES } from "../qemu/guestJob.js";
import type { GuestRam } from "../qemu/guestRam.js";
import { hex } from "../qemu/qtestMachine.js";
import { AREAS, MACHINE, RAM_BYTES, SEGMENTS, X86_QEMU } from "./q35.js";
import { type Answer, MIB, type Probe, type Walker } from "./walker.js";

const PRIVATE = MIB;
const TABLES = PRIVATE + 0x1_1000;
const BOOT_5 = TABLES;
const BOOT_4 = TABLES + 0x1000;
const BOOT_3 = TABLES + 0x2000;
const CODE_4 = TABLES + 0x3000;
const CODE_3 = TABLES + 0x4000;
const ROOT_COPY = TABLES + 0x5000;
/** The root's slot through which the guest sees itself. */
export const GUEST_SLOT = 510;
const PAE_PGE = (1n << 5n) | (1n << 7n);
const LA57 = 1n << 12n;
const CR0 = 0x8001_0033n;
const EFER = 0xd00n;
const RFLAGS = 2n;
const SEED = 0x5eed_0000_0000_0000n;
const STORED = 0xc0de_0000_0000_0000n;
const DONE = 0xffffn;
const UNDEFINED = 6;
const PROTECTION = 13;
const PAGE_FAULT = 14;

const KINDS = [Access.READ, Access.WRITE, Access.EXECUTE] as const;

function table(entries: Readonly<Record<number, bigint>>): BigUint64Array {
  const items = new BigUint64Array(512);
  for (const [index, item] of Object.entries(entries)) items[Number(index)] = item;
  return items;
}

export class X86 implements Walker {
  readonly areas = AREAS;
  #root = 0n;

  private constructor(
    private readonly job: GuestJob,
    readonly ram: GuestRam,
    private readonly levels: number,
    private readonly code: bigint,
  ) {}

  static async start(levels: 4 | 5): Promise<X86> {
    const isFive = levels === 5;
    const bits = 12 + 9 * levels;
    const code = BigInt.asUintN(64, BigInt.asIntN(bits, BigInt(GUEST_SLOT) << BigInt(bits - 9)));
    const block = new BigUint64Array(16);
    block[7] = code;
    block[10] = BigInt(isFive ? BOOT_5 : BOOT_4);
    block[11] = 0x20n | (isFive ? LA57 : 0n);
    const job = await GuestJob.start({
      program: X86_QEMU,
      args: (folder) => ["-machine", MACHINE, "-cpu", "max", "-bios", bios(folder)],
      ramBytes: RAM_BYTES,
      segments: SEGMENTS,
      base: PRIVATE,
      image: [
        [PRIVATE, guestImage("x86")],
        [PRIVATE + 0x1_0000, block],
        [BOOT_5, table({ 0: BigInt(BOOT_4) | 3n, [GUEST_SLOT]: BigInt(CODE_4) | 7n })],
        [BOOT_4, table({ 0: BigInt(BOOT_3) | 3n, ...(isFive ? {} : { [GUEST_SLOT]: BigInt(CODE_3) | 7n }) })],
        [BOOT_3, table({ 0: 0x83n })],
        [CODE_4, table({ 0: BigInt(CODE_3) | 7n })],
        // Its code for the kernel, and again for the user.
        [CODE_3, table({ 0: 0x83n, 1: 0x87n })],
      ],
    });
    return new X86(job, job.ram, levels, code);
  }

  /** The walk starts from a copy of the root, in which one slot is the guest's. */
  program({ cr3, levels }: { cr3: bigint; levels: number }): void {
    if (levels !== this.levels) throw new Error(`the CPU has ${this.levels} levels, the table ${levels}`);
    this.#root = cr3;
  }

  #copyRoot(): void {
    const root = this.ram.words(Number(this.#root), 512);
    if (root[GUEST_SLOT] !== 0n) throw new Error("the root's slot of the guest is taken");
    root[GUEST_SLOT] = BigInt(this.levels === 5 ? CODE_4 : CODE_3) | 7n;
    this.ram.write(ROOT_COPY, root);
  }

  #run(probes: readonly Probe[], stored: bigint): Promise<BigUint64Array> {
    const cr4 = PAE_PGE | (this.levels === 5 ? LA57 : 0n);
    this.job.setWords(3, BigInt(ROOT_COPY), cr4, CR0, EFER, this.code, this.code + (1n << 30n), stored);
    this.job.setWords(12, 0n, RFLAGS);
    const operation = (access: number) =>
      KINDS.findIndex((kind) => (access & kind) !== 0) + (access & Access.PRIV ? 0 : 3);
    return this.job.run(probes.map(({ iova, access }) => ({ va: iova, operation: operation(access) })));
  }

  async probe(probes: readonly Probe[]): Promise<Answer[]> {
    this.#copyRoot();
    // Loads CR3, so that the monitor walks these tables.
    await this.#run([], STORED);
    const answers = new Map<Probe, Answer>();
    for (const kind of KINDS) {
      const part = probes.filter(({ access }) => (access & kind) !== 0);
      for (let first = 0; first < part.length; first += MOST_ACCESSES) {
        const some = part.slice(first, first + MOST_ACCESSES);
        (await this.#access(some, kind)).forEach((answer, i) => {
          const probe = some[i];
          if (probe !== undefined) answers.set(probe, answer);
        });
      }
    }
    return probes.map((probe) => answers.get(probe) ?? { fault: "not asked" });
  }

  /** Where QEMU's own walker for debuggers comes to. */
  async #debugWalk(iova: bigint): Promise<number | null> {
    const match = /gpa: (?:0x)?([0-9a-f]+)/.exec(await this.job.qmp.monitor(`gva2gpa ${hex(iova)}`));
    return match === null ? null : Number.parseInt(match[1] ?? "", 16);
  }

  async #place({ iova, expected }: Probe): Promise<number | null> {
    return expected !== undefined && this.ram.has(expected) ? expected : this.#debugWalk(iova);
  }

  /** Accesses of one kind, to places that were given a number each. */
  async #access(probes: readonly Probe[], kind: number): Promise<Answer[]> {
    const places: (number | null)[] = [];
    for (const probe of probes) places.push(await this.#place(probe));
    const seeds = new Map<number, bigint>();
    for (const place of places) if (place !== null && this.ram.has(place)) seeds.set(place, SEED | BigInt(seeds.size));
    const before = [...seeds.keys()].map((place) => [place, this.ram.word(place)] as const);
    for (const [place, seed] of seeds) this.ram.writeWords(place, kind === Access.EXECUTE ? 0n : seed);
    const words = await this.#run(probes, STORED);
    const faults = probes.map((probe, i) =>
      faultOf(probe, kind, [...words.subarray(i * 8 + 1, i * 8 + 5)], this.levels),
    );
    // Of several stores to one place the last one stays.
    if (kind === Access.WRITE) {
      faults.forEach((fault, i) => {
        const place = places[i];
        if (fault === null && typeof place === "number") seeds.set(place, words[i * 8] ?? 0n);
      });
    }
    const answers: Answer[] = [];
    for (const [i, { iova }] of probes.entries()) {
      const value = words[i * 8] ?? 0n;
      answers.push(faults[i] ?? (await this.#hit(iova, kind, places[i] ?? null, value, seeds)));
    }
    for (const [place, word] of before) this.ram.writeWords(place, word);
    return answers;
  }

  /** @param words what must have been read there, or must stand there now */
  async #hit(
    iova: bigint,
    kind: number,
    place: number | null,
    value: bigint,
    words: ReadonlyMap<number, bigint>,
  ): Promise<Answer> {
    if (place === null) return { fault: "reached, and the debug walker says unmapped" };
    if (!this.ram.has(place) || kind === Access.EXECUTE) return { pa: place, moved: null };
    const moved = (kind === Access.READ ? value : this.ram.word(place)) === words.get(place);
    return moved ? { pa: place, moved } : { pa: (await this.#debugWalk(iova)) ?? -1, moved };
  }

  close(): Promise<void> {
    return this.job.close();
  }
}

function bios(folder: string): string {
  const file = join(folder, "bios");
  writeFileSync(file, guestImage("x86bios"));
  return file;
}

/** The guest's words after the value: vector, error code, CR2, RIP. Zeros that were fetched fault on the data that they name. */
function faultOf(
  { iova }: Probe,
  kind: number,
  [vector = 0n, error = 0n, cr2 = 0n, rip = 0n]: readonly bigint[],
  levels: number,
): Answer | null {
  if (vector === DONE) return null;
  const isFetch = kind === Access.EXECUTE;
  if (Number(vector) === PAGE_FAULT && !(isFetch && cr2 !== iova)) {
    return { fault: (error & 8n) !== 0n ? "reserved bits" : (error & 1n) !== 0n ? "permission" : "unmapped" };
  }
  const isCanonical = BigInt.asUintN(64, BigInt.asIntN(12 + 9 * levels, iova)) === iova;
  if (!isCanonical && Number(vector) === PROTECTION) return { fault: "unmapped" };
  if (isFetch && rip === iova && [PROTECTION, UNDEFINED].includes(Number(vector))) return null;
  return { fault: `vector ${vector}` };
}
