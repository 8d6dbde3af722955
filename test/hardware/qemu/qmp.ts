// QEMU's monitor protocol on its standard input and output.
import type { QemuProcess } from "./qemuProcess.js";

const TIME_LIMIT = 20_000;

interface Message {
  QMP?: unknown;
  event?: string;
  error?: { desc: string };
  return?: unknown;
}

export class Qmp {
  readonly #waiting: { resolve(value: unknown): void; reject(error: Error): void }[] = [];
  #partial = "";
  #greet: () => void = () => undefined;
  readonly #greeted = new Promise<void>((resolve) => {
    this.#greet = resolve;
  });

  constructor(private readonly process: QemuProcess) {
    process.child.stdout.setEncoding("utf8").on("data", (text: string) => this.#receive(text));
  }

  async connect(): Promise<void> {
    await this.process.within(this.#greeted, TIME_LIMIT, "QMP");
    await this.execute("qmp_capabilities");
  }

  #receive(text: string): void {
    const lines = (this.#partial + text).split("\n");
    this.#partial = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("{")) this.#message(JSON.parse(line) as Message);
      else this.process.complain(line);
    }
  }

  #message(message: Message): void {
    if (message.QMP !== undefined) this.#greet();
    else if (message.event === undefined) {
      const waiting = this.#waiting.shift();
      if (message.error === undefined) waiting?.resolve(message.return);
      else waiting?.reject(new Error(message.error.desc));
    }
  }

  execute(command: string, args?: Record<string, unknown>): Promise<unknown> {
    const reply = new Promise<unknown>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    const message = args === undefined ? { execute: command } : { execute: command, arguments: args };
    this.process.child.stdin.write(`${JSON.stringify(message)}\n`);
    return this.process.within(reply, TIME_LIMIT, command);
  }

  /** A command of the monitor for people. */
  async monitor(line: string): Promise<string> {
    return String(await this.execute("human-monitor-command", { "command-line": line }));
  }
}
