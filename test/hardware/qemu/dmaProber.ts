// Accesses of a device through an IOMMU: DMA of QEMU's `edu` device, which has a buffer of 4 KiB. What was reached is known twice: QEMU traces each
// translation, and a number that no other place holds was moved there or from there.
import type { GuestRam } from "./guestRam.js";
import type { LogTail } from "./logTail.js";
import { type QtestMachine, readq, writeq } from "./qtestMachine.js";

export interface DmaProbe {
  readonly iova: bigint;
  readonly write: boolean;
}

/** `moved`: whether data was; null where nothing can be seen (no RAM, or a read that is not read back). */
export type DmaAnswer = { readonly pa: number; readonly moved: boolean | null } | { readonly fault: string };

/** The IOMMU in front of the device. */
export interface DmaPath {
  readonly machine: QtestMachine;
  readonly ram: GuestRam;
  readonly log: LogTail;
  /** The device's registers, and a page of RAM for the harness. */
  readonly bar: number;
  readonly scratch: number;
  /** What a line of the trace says of this address: where it leads, or every place that it may lead to. */
  reached(line: string, iova: bigint): number[] | null;
  /** Translation off and on; that may empty the IOTLB. */
  bypass(on: boolean): Promise<void>;
  /** Commands that empty the IOTLB. */
  forget(): string[];
  /** Faults recorded since the last call. */
  faults(): Promise<string[]>;
}

type Reached = { readonly places: readonly number[] } | { readonly fault: string };

/** Slots of 8 bytes; QEMU 7.2 ends itself on a transfer that touches the buffer's last byte. */
const SLOTS = 510;
const BUFFER = 0x40000n;
const FROM_MEMORY = 1n;
const TO_MEMORY = 3n;
/** Translated, but no data arrived. */
const REFUSED = "REFUSED";

interface Seed {
  readonly index: number;
  readonly places: readonly number[];
  readonly tags: readonly bigint[];
}

export class DmaProber {
  #tag = 0xa5c3_0000_0000_0000n;
  #tags: bigint[] = [];
  #slot = SLOTS;
  dmas = 0;

  constructor(private readonly path: DmaPath) {}

  async #transfer(write: boolean, address: bigint, bytes: number, at: number, before: readonly string[] = []) {
    const { bar, machine } = this.path;
    const inBuffer = BUFFER + BigInt(at);
    const poll = readq(bar + 0x98);
    this.dmas++;
    let replies = await machine.run(
      ...before,
      writeq(bar + 0x80, write ? inBuffer : address),
      writeq(bar + 0x88, write ? address : inBuffer),
      writeq(bar + 0x90, BigInt(bytes)),
      writeq(bar + 0x98, write ? TO_MEMORY : FROM_MEMORY),
      poll,
    );
    while ((BigInt(replies.at(-1) ?? 0) & 1n) === 1n) replies = await machine.run(poll);
  }

  async #withoutTranslation(write: boolean): Promise<void> {
    await this.path.bypass(true);
    await this.#transfer(write, BigInt(this.path.scratch), SLOTS * 8, 0);
    await this.path.bypass(false);
  }

  /** Fills the device's buffer with numbers that are nowhere else. Needed before 510 probes that keep the IOTLB. */
  async preload(): Promise<void> {
    this.#tags = Array.from({ length: SLOTS }, () => ++this.#tag);
    this.path.ram.writeWords(this.path.scratch, ...this.#tags);
    await this.#withoutTranslation(false);
    this.#slot = 0;
  }

  /** @param keep never empty the IOTLB; where a read came from is then known by the trace alone */
  async probe(probes: readonly DmaProbe[], keep = false): Promise<DmaAnswer[]> {
    const answers: DmaAnswer[] = [];
    for (let first = 0; first < probes.length; first += SLOTS) {
      const part = probes.slice(first, first + SLOTS);
      if (keep && this.#slot + part.length > SLOTS) throw new RangeError("preload() before more than 510 probes");
      if (!keep) await this.preload();
      answers.push(...(await (keep ? this.#kept(part) : this.#fresh(part))));
    }
    return answers;
  }

  async #kept(probes: readonly DmaProbe[]): Promise<DmaAnswer[]> {
    const answers: DmaAnswer[] = [];
    for (const probe of probes) {
      const slot = this.#slot++;
      const reached = await this.#once(probe, slot, []);
      answers.push("fault" in reached ? reached : this.#arrived(probe, slot, reached.places));
    }
    return answers;
  }

  async #fresh(probes: readonly DmaProbe[]): Promise<DmaAnswer[]> {
    const answers: DmaAnswer[] = [];
    const seeds: Seed[] = [];
    for (const [index, probe] of probes.entries()) {
      const slot = this.#slot++;
      const reached = await this.#once(probe, slot, this.path.forget());
      if ("fault" in reached) answers.push(reached);
      else if (probe.write) answers.push(this.#arrived(probe, slot, reached.places));
      else answers.push(await this.#readAgain(probe, slot, reached.places, index, seeds));
    }
    if (seeds.length > 0) await this.#readBack(answers, seeds);
    return answers;
  }

  /** One DMA: the places that the trace names, or the fault. */
  async #once(probe: DmaProbe, slot: number, before: readonly string[]): Promise<Reached> {
    const { log } = this.path;
    log.lines();
    await this.#transfer(probe.write, probe.iova, 8, slot * 8, before);
    const places = log
      .lines()
      .reduce<number[] | null>((last, line) => this.path.reached(line, probe.iova) ?? last, null);
    const [fault] = await this.path.faults();
    if (fault !== undefined) return { fault };
    return places === null ? { fault: "NO_TRANSLATION" } : { places };
  }

  #arrived({ write }: DmaProbe, slot: number, places: readonly number[]): DmaAnswer {
    const { ram } = this.path;
    const inRam = places.filter((place) => ram.has(place));
    const pa = places[0] ?? 0;
    if (!write || inRam.length === 0) return { pa, moved: null };
    const place = inRam.find((at) => ram.word(at) === this.#tags[slot]);
    if (place === undefined) return { fault: REFUSED };
    ram.writeWords(place, 0n);
    return { pa: place, moved: true };
  }

  /** Puts numbers where the read should come from, and reads again; the buffer is looked at when all reads are done. */
  async #readAgain(
    probe: DmaProbe,
    slot: number,
    places: readonly number[],
    index: number,
    seeds: Seed[],
  ): Promise<DmaAnswer> {
    const { ram } = this.path;
    const inRam = places.filter((place) => ram.has(place));
    const pa = places[0] ?? 0;
    if (inRam.length === 0) return { pa, moved: null };
    const before = inRam.map((place) => ram.word(place));
    const tags = inRam.map(() => ++this.#tag);
    ram.writeEach(inRam, tags);
    const again = await this.#once(probe, slot, this.path.forget());
    ram.writeEach(inRam, before);
    if ("fault" in again) return again;
    seeds.push({ index, places: inRam, tags });
    return { pa, moved: false };
  }

  async #readBack(answers: DmaAnswer[], seeds: readonly Seed[]): Promise<void> {
    const first = this.#slot - answers.length;
    await this.#withoutTranslation(true);
    const buffer = this.path.ram.words(this.path.scratch, SLOTS);
    for (const { index, places, tags } of seeds) {
      const place = places[tags.indexOf(buffer[first + index] ?? 0n)];
      answers[index] = place === undefined ? { fault: REFUSED } : { pa: place, moved: true };
    }
  }
}
