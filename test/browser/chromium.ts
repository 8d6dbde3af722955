// Debian's Chromium, where it is installed.
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Says so, once in each file of tests, where there is none. */
export function isChromiumMissing(): boolean {
  const missing = !existsSync(CHROMIUM);
  if (missing) process.stderr.write(`no browser tests: there is no ${CHROMIUM} (install chromium, or set CHROMIUM)\n`);
  return missing;
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}
