import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { REPLAY } from "../../bindings/cli/replay/command.js";
import type { Report } from "../../bindings/cli/replay/report.js";
import { runCommand } from "../../bindings/cli/runCommand.js";
import { exportedFormats } from "../house/formats.js";
import { recordFile, recordLines, recordTables, writeRecord, writeTemporary } from "./records.js";

const BUILT = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const SHORT = recordLines("arm-nvme-16k").slice(0, 1000);

class Captured {
  text = "";
  constructor(readonly isTTY = false) {}
  write(text: string): void {
    this.text += text;
  }
}

async function run(args: readonly string[], terminal = false, noColour = false) {
  const [out, err] = [new Captured(terminal), new Captured(terminal)];
  const status = await runCommand(REPLAY, args, { out, err, noColour });
  return { status, out: out.text, err: err.text };
}

/** The record with its first look-up answered otherwise. */
function altered(): string {
  const at = SHORT.findIndex((line) => line.startsWith("T "));
  return writeRecord(SHORT.with(at, (SHORT[at] ?? "").replace(/\S+$/, "1000")));
}

describe("io-pgtable replay", () => {
  test("--json and the text tell the same", async () => {
    const file = recordFile("arm-nvme-16k");
    const [json, text] = [await run(["--json", "--no-timing", file]), await run(["--no-timing", file])];
    const report = JSON.parse(json.out) as Report;
    expect(report.schema).toBe("io-pgtable-replay/1");
    expect(json).toMatchObject({ status: 0, err: "" });
    expect(text).toMatchObject({ status: 0, err: "" });
    expect(text.out).toContain(report.verdict.text);
    expect(text.out).toContain("76,711 map   16,614 unmap   12,507 look-up   16,614 sync");
    expect(report.calls).toMatchObject({ map: 76_711, unmap: 16_614, lookUp: 12_507, sync: 16_614 });
    expect(text.out).toContain(`${report.tablePages.now} now, ${report.tablePages.peak} at the peak`);
    expect(text.out).toContain(`${report.flushes.flushRange.toLocaleString("en-US")} flushRange`);
    expect(text.out).toContain(`${report.flushes.savings.queue.flushes} flushes`);
  });

  test("a difference is told in full, in text and in JSON, with exit status 1", async () => {
    const text = await run([altered()]);
    expect(text.status).toBe(1);
    expect(text.out).toMatch(
      /line \d+, look-up: look-up of 0x[0-9a-f]+\n {2}expected {2}0x1000\n {2}got {7}0x[0-9a-f]+\n/,
    );
    expect(text.out).toContain("DIFFERENT: 1 difference (look-up 1), the first at line");
    const json = await run(["--json", altered()]);
    expect(json.status).toBe(1);
    expect((JSON.parse(json.out) as Report).differences.total).toBe(1);
  });

  test("a wrong command line or input is one line on stderr, with exit status 2", async () => {
    const empty = writeTemporary("empty", "");
    const record = writeRecord(SHORT);
    const wrong = [
      ["--nonsense"],
      ["a", "b"],
      ["/no/such/file"],
      [empty],
      ["--tables"],
      ["--format", "nonsense", record],
      ["--format", "riscv", "--ias", "40", record],
      ["--ias", "0", record],
      ["--oas", "48.5", record],
      ["--page-size", "12K", record],
      ["--page-size", "K", record],
      ["--format", "riscv", "--page-size", "16K", record],
    ];
    for (const args of wrong) {
      const { status, out, err } = await run(args);
      expect(status).toBe(2);
      expect(out).toBe("");
      expect(err).toMatch(/^io-pgtable replay: [^\n]+\n$/);
    }
  });

  test("--help names every option and the exit statuses", async () => {
    const { status, out } = await run(["--help"]);
    expect(status).toBe(0);
    const options = [
      "--format",
      "--ias",
      "--oas",
      "--page-size",
      "--skip",
      "--json",
      "--tables",
      "--no-timing",
      "--help",
    ];
    for (const word of [...options, "Exit status", "Examples"]) expect(out).toContain(word);
    for (const name of exportedFormats()) expect(out).toContain(name);
  });

  test("progress and colour are for terminals; NO_COLOR leaves them plain", async () => {
    const file = writeRecord(SHORT);
    const csi = "\x1b[";
    const [piped, terminal, plain] = [await run([file]), await run([file], true), await run([file], true, true)];
    expect(piped.err + piped.out).not.toContain(csi);
    expect(terminal.err).toMatch(/\r.*\d+%/);
    expect(terminal.err.endsWith("\r\x1b[K")).toBe(true);
    expect(terminal.out).toContain(`${csi}1;32mequal`);
    expect(plain.out).not.toContain(csi);
    expect(plain.err.replaceAll("\x1b[K", "")).not.toContain(csi);
  });
});

describe.skipIf(!existsSync(BUILT))("the built command", () => {
  function spawn(...args: string[]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [BUILT, "replay", ...args], {
      encoding: "utf8",
      maxBuffer: 1 << 26,
    });
    return { status, stdout, stderr };
  }

  test("without a file replays the NVMe record: exit status 0", () => {
    const { status, stdout, stderr } = spawn("--no-timing");
    expect(stderr).toBe("");
    expect(stdout).toContain("equal to the kernel's tables: 3,350 leaves at 3 marks");
    expect(stdout).toMatch(/\n\nMore records:\n( {2}npm start -- .*\.ops\.gz\n){6}$/);
    expect(status).toBe(0);
  });

  test("one altered return, or one flipped bit in a snapshot: exit status 1", () => {
    expect(spawn(altered()).status).toBe(1);
    const tables = recordTables("arm-nvme-16k");
    const [domain] = Object.values(tables.snapshots.find(({ snapshot }) => snapshot === "mid2")?.domains ?? {});
    const leaf = domain?.leaves?.[0];
    if (leaf) leaf[3] = `0x${(BigInt(leaf[3]) ^ 1024n).toString(16)}`;
    const { status, stdout } = spawn(writeRecord(recordLines("arm-nvme-16k"), tables));
    expect(stdout).toContain("DIFFERENT: 1 difference (leaf 1)");
    expect(status).toBe(1);
  });

  test("input that cannot be used: exit status 2 and no stack", () => {
    for (const file of ["/no/such/file", writeTemporary("cut.gz", new Uint8Array([0x1f, 0x8b, 8, 0, 1]))]) {
      const { status, stdout, stderr } = spawn(file);
      expect(status).toBe(2);
      expect(stdout).toBe("");
      expect(stderr).toMatch(/^io-pgtable replay: [^\n]+\n$/);
    }
  });
});
