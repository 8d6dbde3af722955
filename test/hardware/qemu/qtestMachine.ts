// `qemu -qtest stdio`: reads and writes of device registers as lines of text. The machine runs under TCG with its only CPU waiting for an interrupt, and
// `-icount sleep=off` lets time jump to the end of each DMA.
import { QemuProcess } from "./qemuProcess.js";

const TIME_LIMIT = 20_000;

interface Waiting {
  readonly command: string;
  resolve(reply: string): void;
  reject(error: Error): void;
}

export const hex = (value: number | bigint): string => `0x${value.toString(16)}`;
export const writel = (address: number, value: number): string => `writel ${hex(address)} ${hex(value >>> 0)}`;
export const writeq = (address: number, value: bigint): string =>
  `writeq ${hex(address)} ${hex(BigInt.asUintN(64, value))}`;
export const readl = (address: number): string => `readl ${hex(address)}`;
export const readq = (address: number): string => `readq ${hex(address)}`;

export class QtestMachine {
  readonly process: QemuProcess;
  readonly #waiting: Waiting[] = [];
  #partial = "";

  constructor(program: string, args: readonly string[]) {
    const qtest = ["-qtest", "stdio", "-qtest-log", "none", "-display", "none", "-accel", "tcg"];
    this.process = new QemuProcess(program, [...args, ...qtest, "-icount", "shift=0,sleep=off"]);
    this.process.child.stdout.setEncoding("latin1").on("data", (text: string) => this.#receive(text));
  }

  #receive(text: string): void {
    const lines = (this.#partial + text).split("\n");
    this.#partial = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("IRQ ")) continue;
      const waiting = this.#waiting.shift();
      if (line.startsWith("OK")) waiting?.resolve(line.slice(3));
      else waiting?.reject(new Error(`${waiting.command}: ${line}`));
    }
  }

  /** Sends the commands together. @returns their replies */
  run(...commands: string[]): Promise<string[]> {
    const replies = commands.map(
      (command) => new Promise<string>((resolve, reject) => this.#waiting.push({ command, resolve, reject })),
    );
    this.process.child.stdin.write(`${commands.join("\n")}\n`);
    return this.process.within(Promise.all(replies), TIME_LIMIT, commands[0] ?? "nothing");
  }

  async readl(address: number): Promise<number> {
    return Number((await this.run(readl(address)))[0]);
  }

  async readq(address: number): Promise<bigint> {
    return BigInt((await this.run(readq(address)))[0] ?? 0);
  }

  close(): Promise<void> {
    return this.process.close();
  }
}
