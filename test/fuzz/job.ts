// The campaign in a thread of its own, so that whoever started it sees when a call does not return.
import { parentPort, workerData } from "node:worker_threads";
import { CONFIGURATIONS } from "../configurations/list.js";
import { campaign, summary } from "./campaign.js";

// Half of the calls throw, and a stack costs as much as ten walks.
Error.stackTraceLimit = 1;

const { seconds, seed } = workerData as { seconds: number; seed: number };
const end = Date.now() + 1000 * seconds;
const outcome = campaign(
  CONFIGURATIONS,
  seed,
  () => Date.now() >= end,
  (what) => parentPort?.postMessage({ what }),
);
parentPort?.postMessage({ lines: summary(outcome) });
