// A bare-metal guest that makes accesses from a list and writes down what became of them. The guest stands still between jobs.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { GuestRam, type Segment } from "./guestRam.js";
import { dropFolder, QemuProcess, scratchFolder } from "./qemuProcess.js";
import { Qmp } from "./qmp.js";

const TIME_LIMIT = 20_000;
/** Places below the guest's base: job block, list of accesses, results. */
const BLOCK = 0x1_0000;
const LIST = 0x2_0000;
const RESULTS = 0x8_0000;
const RESULT_WORDS = 8;
/** A guest that is lost sets this word of its block, and says why in those before. */
const LOST = 41;
export const MOST_ACCESSES = 20_000;

export function guestImage(name: string): Uint8Array {
  return gunzipSync(readFileSync(fileURLToPath(new URL(`../guest/${name}.bin.gz`, import.meta.url))));
}

export interface GuestOptions {
  readonly program: string;
  readonly args: (folder: string) => readonly string[];
  readonly ramBytes: number;
  readonly segments: readonly Segment[];
  /** The guest's code, and what else is in RAM when it starts. */
  readonly base: number;
  readonly image: readonly (readonly [address: number, data: Uint8Array | BigUint64Array])[];
}

export interface Access {
  readonly va: bigint;
  readonly operation: number;
}

export class GuestJob {
  #sequence = 0n;

  private constructor(
    readonly process: QemuProcess,
    readonly qmp: Qmp,
    readonly ram: GuestRam,
    readonly folder: string,
    private readonly base: number,
  ) {}

  static async start({ program, args, ramBytes, segments, base, image }: GuestOptions): Promise<GuestJob> {
    const folder = scratchFolder();
    const ram = new GuestRam(join(folder, "ram"), ramBytes, segments);
    for (const [address, data] of image) ram.write(address, data);
    const backend = `memory-backend-file,id=ram,size=${ramBytes},mem-path=${ram.file},share=on`;
    const common = ["-object", backend, "-m", `${ramBytes / 2 ** 20}M`, "-accel", "tcg", "-nodefaults"];
    const qemu = new QemuProcess(program, [...args(folder), ...common, "-display", "none", "-S", "-qmp", "stdio"]);
    const qmp = new Qmp(qemu);
    await qmp.connect();
    ram.unlink();
    return new GuestJob(qemu, qmp, ram, folder, base);
  }

  /** A word of the job block: what the guest is told, and what it tells of itself. */
  word(index: number): bigint {
    return this.ram.word(this.base + BLOCK + index * 8);
  }

  setWords(index: number, ...words: bigint[]): void {
    this.ram.writeWords(this.base + BLOCK + index * 8, ...words);
  }

  /** @returns eight words for each access, after the guest has made them all; word 2 of the block is their number */
  async run(accesses: readonly Access[]): Promise<BigUint64Array> {
    if (accesses.length > MOST_ACCESSES) throw new RangeError(`${accesses.length} accesses in one job`);
    this.setWords(2, BigInt(accesses.length));
    const list = accesses.flatMap(({ va, operation }) => [BigInt.asUintN(64, va), BigInt(operation)]);
    this.ram.write(this.base + LIST, BigUint64Array.from(list));
    this.setWords(0, ++this.#sequence);
    await this.qmp.execute("cont");
    await this.#end();
    await this.qmp.execute("stop");
    return this.ram.words(this.base + RESULTS, accesses.length * RESULT_WORDS);
  }

  async #end(): Promise<void> {
    const start = performance.now();
    for (let looks = 0; this.word(1) !== this.#sequence; looks++) {
      if (this.process.ended !== undefined) throw this.process.failure();
      const lost = this.word(LOST) !== 0n;
      if (lost || performance.now() - start > TIME_LIMIT) {
        const why = lost ? [38, 39, 40].map((index) => this.word(index).toString(16)).join(", ") : "no end in time";
        this.process.kill();
        throw new Error(`the guest is lost: ${why}`);
      }
      await new Promise((resolve) => (looks < 50 ? setImmediate(resolve) : setTimeout(resolve, 1)));
    }
  }

  async close(): Promise<void> {
    await this.process.close();
    this.ram.close();
    dropFolder(this.folder);
  }
}
