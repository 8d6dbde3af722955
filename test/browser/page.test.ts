// The example page, with the package as a user has it, in a real browser: by Vite's development server and as it builds, isolated and not.
import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { build, createServer, type InlineConfig, preview } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InstalledPackage } from "../pack/installedPackage.js";
import { isChromiumMissing, launchChromium } from "./chromium.js";

const EXAMPLE = fileURLToPath(new URL("../../examples/browser", import.meta.url));
const ISOLATED = [
  "isolated: true, shared: true",
  "main: 0x1234 -> 0x80000234",
  "worker: 0x400123 -> 0x90000123",
  "main sees what it mapped: 0x90000123",
  "in use: 0",
  "done",
];
const PLAIN = [
  "isolated: false, shared: false",
  "main: 0x1234 -> 0x80000234",
  "not shared: ENOTSUP",
  "worker with a table of its own: 0x400123 -> 0x90000123",
  "in use: 0",
  "done",
];
const WAIT = 40_000;
const HEADERS = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

describe.skipIf(isChromiumMissing())("the example page", () => {
  let installed: InstalledPackage;
  let browser: Browser;
  let root: string;

  beforeAll(async () => {
    installed = new InstalledPackage();
    root = join(installed.folder, "browser");
    cpSync(EXAMPLE, root, { recursive: true });
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    installed?.remove();
  });

  /** What the page prints, once it says that it is done; what goes wrong in it is thrown. */
  async function printed(url: string | undefined): Promise<string[]> {
    const page = await browser.newPage();
    const failures: string[] = [];
    page.on("pageerror", (error) => failures.push(error.message));
    const out = page.locator("#out");
    try {
      await page.goto(url ?? "");
      await out.filter({ hasText: /^done$/m }).waitFor({ timeout: WAIT });
      expect(failures).toEqual([]);
      return ((await out.textContent()) ?? "").trimEnd().split("\n");
    } catch (error) {
      const text = await out.textContent({ timeout: 1000 }).catch(() => "no page");
      throw new Error(`${failures.join("; ")} (${String(error)}) after:\n${text}`);
    } finally {
      await page.close();
    }
  }

  const common: InlineConfig = { configFile: false, logLevel: "error", worker: { format: "es" } };

  test.each([
    ["isolated", HEADERS, ISOLATED],
    ["not isolated", {}, PLAIN],
  ] as const)("from Vite's development server, %s", async (_, headers, expected) => {
    const server = await createServer({ ...common, root, server: { headers, port: 0 } });
    try {
      await server.listen();
      expect(await printed(server.resolvedUrls?.local[0])).toEqual(expected);
    } finally {
      await server.close();
    }
  });

  test("as Vite builds it, isolated and not", async () => {
    await build({ ...common, root, build: { target: "es2022" } });
    for (const [headers, expected] of [
      [HEADERS, ISOLATED],
      [{}, PLAIN],
    ] as const) {
      const server = await preview({ ...common, root, preview: { headers, port: 0 } });
      try {
        expect(await printed(server.resolvedUrls?.local[0])).toEqual(expected);
      } finally {
        await server.close();
      }
    }
  });
});
