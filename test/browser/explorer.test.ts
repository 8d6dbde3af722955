// The explorer with the package as a user has it, in a page that is not isolated, used as a person would: by clicks and keys.
import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { build, type InlineConfig, type PreviewServer, preview } from "vite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { InstalledPackage } from "../pack/installedPackage.js";
import { isChromiumMissing, launchChromium } from "./chromium.js";

const EXAMPLE = fileURLToPath(new URL("../../examples/explorer", import.meta.url));
/** A level 2 leaf of 2M at 0x840000000. */
const BLOCK = "0x840000e41";

describe.skipIf(isChromiumMissing())("the explorer", () => {
  let installed: InstalledPackage;
  let browser: Browser;
  let server: PreviewServer;
  let url = "";
  let page: Page;
  let failures: string[];

  beforeAll(async () => {
    installed = new InstalledPackage();
    const root = join(installed.folder, "explorer");
    cpSync(EXAMPLE, root, { recursive: true });
    const common: InlineConfig = { configFile: false, logLevel: "error", root, base: "./" };
    await build({ ...common, build: { target: "es2022" } });
    server = await preview({ ...common, preview: { port: 0 } });
    url = server.resolvedUrls?.local[0] ?? "";
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    installed?.remove();
  });

  beforeEach(async () => {
    page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce" });
    page.setDefaultTimeout(10_000);
    failures = [];
    page.on("pageerror", (error) => failures.push(error.message));
    page.on("console", (message) => message.type() === "error" && failures.push(message.text()));
    page.on("request", (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith("data:")) failures.push(request.url());
    });
  });

  afterEach(async () => {
    await page.close();
    expect(failures).toEqual([]);
  });

  async function open(hash = ""): Promise<void> {
    await page.goto(`${url}${hash}`);
    await page.locator("html[data-ready]").waitFor();
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  }

  const text = async (selector: string): Promise<string> => ((await page.locator(selector).textContent()) ?? "").trim();
  const tables = (words: string): Promise<number> => page.locator("#stage figcaption", { hasText: words }).count();

  async function drag(selector: string, from: number, to: number): Promise<void> {
    const box = await page.locator(selector).boundingBox();
    if (box === null) throw new Error(`${selector} is not to be seen`);
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + from * box.width, y);
    await page.mouse.down();
    await page.mouse.move(box.x + to * box.width, y, { steps: 4 });
    await page.mouse.up();
  }

  async function change(op: string, fields: Readonly<Record<string, string>>): Promise<void> {
    await page.selectOption("select[name=op]", op);
    for (const [name, value] of Object.entries(fields)) await page.fill(`input[name=${name}]`, value);
    await page.press("input[name=size]", "Enter");
  }

  test("maps, repeats, replaces, protects and unmaps by typing; undo takes back one by one", async () => {
    await open();
    await page.click("button[name=clear]");
    expect(await text("#stats")).toBe("1 table pages, 0 mapped");
    await change("map", { iova: "0x1000", size: "8K", paddr: "0x80000000" });
    expect(await text("#stats")).toBe("4 table pages, 8K mapped");
    await change("repeat", { iova: "1G", size: "8M", paddr: "0xa0000000", period: "64K" });
    expect(await tables("512 of 512 entries, shared by 4 entries")).toBe(1);
    expect(await text("#stage svg.arrows")).toContain("4 entries");
    await change("replace", { iova: "0x1000", size: "4K", paddr: "0xc0000000" });
    await change("protect", { iova: "0x2000", size: "4K" });
    await change("unmap", { iova: "1G", size: "8M" });
    expect(await text("#stats")).toBe("4 table pages, 8K mapped");
    await page.click("button[name=undo]");
    expect(await text("#stats")).toMatch(/\(1 shared\), 8\.01M mapped$/);
    await page.click("button[name=redo]");
    expect(await text("#stats")).toBe("4 table pages, 8K mapped");
    await change("map", { iova: "0x1000", size: "4K", paddr: "0x0" });
    expect(await text("#panel-change .problem")).toContain("0x1000");
    expect(await page.locator("#panel-change li").count()).toBe(5);
  });

  test("a dragged range is mapped; zoom reaches one entry and comes back; the URL has it all", async () => {
    await open("#format=x86_64.48.52.12.0&changes=");
    await drag("#line canvas", 0.25, 0.2501);
    expect(await page.inputValue("input[name=iova]")).toBe("0x400000000000");
    await page.fill("input[name=size]", "4K");
    await page.click("button[name=apply]");
    expect(await tables("1 of 512 entries")).toBe(4);
    for (let level = 0; level < 4; level++) {
      const grid = page.locator("#stage canvas").nth(level);
      await grid.focus();
      await grid.press("z");
    }
    expect(await text("#crumbs")).toContain("4K at 0x400000000000");
    await page.waitForURL(/view=400000000000\.1000/);
    const shared = page.url();
    await page.goto("about:blank");
    await page.goto(shared);
    await page.locator("html[data-ready]").waitFor();
    expect(await text("#crumbs")).toContain("4K at 0x400000000000");
    await page.click("button[name=out]");
    expect(await text("#crumbs")).toContain("2M at 0x400000000000");
    await page.click("button[name=whole]");
    expect(await text("#crumbs")).toContain("all of it");
  });

  test("an entry that is clicked or pasted is told field by field, and a flipped bit says what it changes", async () => {
    await open();
    await page
      .locator("#stage canvas")
      .first()
      .click({ position: { x: 4, y: 4 } });
    expect(await text("#panel-entry .summary")).toMatch(/^The next table is at 0x/);
    await page.selectOption("#panel-entry select[name=level]", "2");
    await page.fill("input[name=word]", BLOCK);
    await page.press("input[name=word]", "Enter");
    expect(await text("#panel-entry .summary")).toContain("A leaf of 2M: to 0x840000000, allows read, write");
    expect(await text("#panel-entry tbody")).toContain("MAIR slot 0: normal, non-cacheable");
    expect(await text("#panel-entry tbody")).toContain("D8.3.1");
    await page.focus("button[data-bit='7']");
    await page.keyboard.press("Space");
    expect(await page.inputValue("input[name=word]")).toBe("0x840000ec1");
    expect(await text("#panel-entry .changed")).toContain("AP[2]: read and write → read-only");
    expect(await page.locator("button[data-bit='7']").evaluate((bit) => bit === document.activeElement)).toBe(true);
    await page.click("button[name=restore]");
    expect(await page.locator("#panel-entry .changed li").count()).toBe(0);
  });

  test("a walk lights its entries level by level, and the device stays stale until the flush", async () => {
    await open();
    await page.click("#tab-walk");
    await page.fill("input[name=address]", "0x2345");
    await page.press("input[name=address]", "Enter");
    expect(await page.locator("#panel-walk .steps li").count()).toBe(4);
    expect(await page.locator("#stage figure.on-walk").count()).toBe(4);
    expect(await text("#panel-walk .summary")).toBe("0x2345 → 0x80002345");
    expect(await text("#panel-walk .verdict")).toContain("Both agree");
    await page.check("input[name=hold]");
    await page.click("#tab-change");
    await change("unmap", { iova: "0x2000", size: "4K" });
    await page.click("#tab-walk");
    expect(await text("#panel-walk .summary")).toContain("is not mapped");
    expect(await text("#panel-walk .verdict")).toContain(
      "Stale: until the flush comes the device may reach 0x80002345",
    );
    await page.click("button[name=flush]");
    expect(await text("#panel-walk .verdict")).toContain("Both agree");
    expect(await text("#panel-walk ol[aria-label=flushes]")).toContain("flushed 4K at 0x2000");
  });

  test("the levels of a walk come one after the other where motion is welcome", async () => {
    await page.emulateMedia({ reducedMotion: "no-preference" });
    await open("#panel=walk");
    const counts = page.evaluate(async () => {
      const list = document.querySelector("#panel-walk .steps");
      const seen: number[] = [];
      const watch = new MutationObserver(() => seen.push(list?.children.length ?? 0));
      if (list !== null) watch.observe(list, { childList: true });
      while (seen.at(-1) !== 4) await new Promise((resolve) => setTimeout(resolve, 20));
      return seen.filter((count) => count > 0);
    });
    await page.click("button[name=walk]");
    expect([...new Set(await counts)]).toEqual([1, 2, 3, 4]);
  });

  test("ftrace text becomes a film, beside another format", async () => {
    await open("#panel=record");
    const lines = Array.from({ length: 40 }, (_, index) => {
      const iova = `0x${(0x10_0000 + Math.floor(index / 2) * 0x1000).toString(16).padStart(16, "0")}`;
      const head = `  disk-1 [000] ..... 1.${index}:`;
      return index % 2 === 0
        ? `${head} map: IOMMU: iova=${iova} - ${iova} paddr=0x0000000080000000 size=4096`
        : `${head} unmap: IOMMU: iova=${iova} - ${iova} size=4096 unmapped_size=4096`;
    });
    const file = { name: "trace.txt", mimeType: "text/plain", buffer: Buffer.from(lines.join("\n")) };
    await page.setInputFiles("input[name=record]", file);
    await page.locator("#panel-record", { hasText: "trace.txt: 40 changes" }).waitFor();
    await page.focus("input[name=position]");
    await page.keyboard.press("Home");
    expect(await text("#stats")).toBe("1 table pages, 0 mapped");
    await page.click("button[name=forward]");
    expect(await text("#panel-record .summary")).toBe("1 of 40: map 4K at 0x100000");
    expect(await text("#stats")).toBe("4 table pages, 4K mapped");
    await page.selectOption("select[name=beside]", "armV7s");
    expect(await text("#other-name")).toBe("Arm short descriptors");
    expect(await page.locator("#other-stage canvas").count()).toBe(2);
    await page.click("button[name=forward]");
    await page.click("button[name=back]");
    expect(await page.locator("#other-stage figcaption", { hasText: "1 of 256 entries" }).count()).toBe(1);
    await page.click("button[name=play]");
    await page.locator("#panel-record .summary", { hasText: "40 of 40" }).waitFor();
    expect(await text("#panel-record .films section:first-child dl")).toMatch(/flushes so far20/);
    await page.setInputFiles("input[name=record]", { ...file, buffer: Buffer.from("nothing") });
    await page.locator("#panel-record .problem", { hasText: "trace.txt holds neither" }).waitFor();
  });

  test("the record of a disk is dropped in, and the tables of a kernel are walked", async () => {
    await open("#panel=record");
    await page.click("button[name=sample-record]");
    await page.locator("#panel-record", { hasText: "950 of 3801" }).waitFor();
    expect(await text("#stats")).toBe("4 table pages, 116K mapped");
    await page.click("#tab-image");
    await page.click("button[name=sample-image]");
    await page.locator("#name", { hasText: "A kernel's table" }).waitFor();
    expect(await text("#stats")).toBe("31 table pages, 30.43M mapped");
    expect(await tables("empty table")).toBeGreaterThan(0);
    await page.click("#tab-walk");
    await page.fill("input[name=address]", "0xfc980000");
    await page.click("button[name=walk]");
    expect(await page.locator("#panel-walk .steps li").count()).toBe(4);
    expect(await text("#panel-walk .summary")).toMatch(/^0xfc980000 → 0x[0-9a-f]+$/);
    await page.waitForURL(/shown=image.*address=|address=.*shown=image/);
    await page.reload();
    await page.locator("#name", { hasText: "A kernel's table" }).waitFor();
    expect(await text("#panel-walk .summary")).toMatch(/^0xfc980000 → 0x[0-9a-f]+$/);
  });

  test("every format draws its tables and reads its entries", async () => {
    await open();
    const names = await page
      .locator("select[name=format] option")
      .evaluateAll((all) => all.map((each) => each.getAttribute("value") ?? ""));
    expect(names.length).toBe(12);
    for (const name of names) {
      await page.selectOption("select[name=format]", name);
      await page.click("#tab-change");
      await page.click("button[name=clear]");
      await change("map", { iova: "0x100000", size: "64K", paddr: "0x80000000" });
      expect([name, await text("#stats")]).toEqual([name, expect.stringMatching(/^[2-5] table pages, 64K mapped$/)]);
      const grid = page.locator("#stage canvas").last();
      await grid.focus();
      await grid.press("Enter");
      expect([name, await text("#panel-entry .summary")]).toEqual([
        name,
        expect.stringMatching(/^A leaf of \d+K.*: to 0x8000/),
      ]);
    }
  });

  test.each([1280, 390])(
    "at %i pixels nothing has to be scrolled sideways, light and dark, in any panel",
    async (width) => {
      await page.setViewportSize({ width, height: 844 });
      await open("#format=armV7s.32.32.12.0");
      for (const theme of ["dark", "light"]) {
        await page.click("#theme");
        expect(await page.locator("html").getAttribute("data-theme")).toBe(theme);
        for (const panel of ["change", "entry", "walk", "record", "image"]) {
          await page.click(`#tab-${panel}`);
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          expect([panel, overflow]).toEqual([panel, 0]);
        }
      }
    },
  );

  test("the keyboard alone is enough", async () => {
    await open();
    await page.focus("#tab-change");
    await page.keyboard.press("ArrowRight");
    expect(await page.locator("#panel-entry").isVisible()).toBe(true);
    await page.focus("#line canvas");
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("+");
    expect(await text("#crumbs")).toContain("at 0x0");
    await page.keyboard.press("-");
    expect(await text("#crumbs")).toContain("all of it");
    await page.keyboard.press("Control+z");
    await page.click("#tab-change");
    expect(await page.locator("#panel-change li").count()).toBe(2);
  });
});
