// The facts of all formats, in the order in which documents and reports have them.
import { amdV1Facts } from "./amdV1.js";
import { appleDart2Facts, appleDartFacts } from "./appleDart.js";
import { arm32LpaeS1Facts, armLpaeS1Facts } from "./armLpaeS1.js";
import { arm32LpaeS2Facts, armLpaeS2Facts } from "./armLpaeS2.js";
import { armMaliLpaeFacts } from "./armMaliLpae.js";
import { armV7sFacts } from "./armV7s.js";
import type { FormatFacts } from "./facts.js";
import { riscvFacts } from "./riscv.js";
import { vtdSecondStageFacts } from "./vtdSecondStage.js";
import { x86Facts } from "./x86_64.js";

export const CATALOGUE: readonly FormatFacts[] = [
  armLpaeS1Facts,
  armLpaeS2Facts,
  arm32LpaeS1Facts,
  arm32LpaeS2Facts,
  armMaliLpaeFacts,
  armV7sFacts,
  appleDartFacts,
  appleDart2Facts,
  amdV1Facts,
  vtdSecondStageFacts,
  x86Facts,
  riscvFacts,
];
