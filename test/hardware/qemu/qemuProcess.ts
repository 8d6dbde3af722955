// One QEMU process: started with a parent-death signal where there is one, ended by its own id.
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const running = new Set<QemuProcess>();
const folders = new Set<string>();

process.on("exit", () => {
  for (const qemu of running) qemu.kill();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export function hasQemu(program: string): boolean {
  return spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** A folder of its own, in memory where there is such a file system; gone when this process ends. */
export function scratchFolder(): string {
  const base = isWritable("/dev/shm") ? "/dev/shm" : tmpdir();
  const folder = mkdtempSync(join(base, "io-pgtable-hardware-"));
  folders.add(folder);
  return folder;
}

export function dropFolder(folder: string): void {
  folders.delete(folder);
  rmSync(folder, { recursive: true, force: true });
}

/** So that no QEMU outlives a killed test. */
const hasParentDeathSignal = spawnSync("setpriv", ["--pdeathsig", "KILL", "true"], { stdio: "ignore" }).status === 0;

export class QemuProcess {
  readonly child: ChildProcessWithoutNullStreams;
  readonly exited: Promise<string>;
  ended: string | undefined;
  #complaints = "";

  constructor(program: string, args: readonly string[]) {
    const guard = ["--pdeathsig", "KILL", program, ...args];
    this.child = hasParentDeathSignal ? spawn("setpriv", guard) : spawn(program, args);
    running.add(this);
    this.child.stdin.on("error", () => undefined);
    this.child.stderr.setEncoding("latin1").on("data", (text: string) => this.complain(text));
    this.exited = new Promise((resolve) => {
      const end = (why: string) => {
        this.ended = why;
        running.delete(this);
        resolve(why);
      };
      this.child.once("error", (error) => end(String(error)));
      this.child.once("exit", (code, signal) => end(`exit code ${code}, signal ${signal}`));
    });
  }

  complain(text: string): void {
    this.#complaints = (this.#complaints + text).slice(-4096);
  }

  /** Why it is of no more use. */
  failure(): Error {
    return new Error(`QEMU ended (${this.ended}): ${this.#complaints}`);
  }

  kill(): void {
    if (this.ended === undefined) this.child.kill("SIGKILL");
  }

  async close(): Promise<void> {
    this.kill();
    await this.exited;
  }

  /** Rejects when QEMU ends first, or when it takes too long; it is then killed. */
  async within<T>(promise: Promise<T>, milliseconds: number, what: string): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.kill();
        reject(new Error(`${what} took longer than ${milliseconds} ms`));
      }, milliseconds);
    });
    const ended = this.exited.then((): never => {
      throw this.failure();
    });
    try {
      return await Promise.race([promise, late, ended]);
    } finally {
      clearTimeout(timer);
      ended.catch(() => undefined);
    }
  }
}
