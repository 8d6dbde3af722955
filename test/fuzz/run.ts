// Hostile tables for a while:
//
//   npm run test:fuzz -- --seconds 60 --seed 1
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";

/** A round takes milliseconds; this long without a new one is a call that does not return. */
const HANG_SECONDS = 120;

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "60" }, seed: { type: "string", default: "1" } },
});
const seed = Number(values.seed);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
say(`hostile tables for ${values.seconds} s from seed ${seed}`);

let last = "start";
const worker = new Worker(new URL("./job.js", import.meta.url), {
  workerData: { seconds: Number(values.seconds), seed },
});
const hung = (): void => {
  say(`no end of a call after ${HANG_SECONDS} s: ${last}`);
  process.exit(1);
};
let timer = setTimeout(hung, 1000 * HANG_SECONDS);
worker.on("message", (message: { what?: string; lines?: string[] }) => {
  clearTimeout(timer);
  timer = setTimeout(hung, 1000 * HANG_SECONDS);
  last = message.what ?? last;
  for (const line of message.lines ?? []) say(line);
});
worker.on("error", (error) => {
  say(`${error.message}: ${String(error.cause instanceof Error ? error.cause.stack : error.stack)}`);
  process.exitCode = 1;
});
worker.on("exit", () => clearTimeout(timer));
