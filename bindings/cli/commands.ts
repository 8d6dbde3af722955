// The list of commands, in the order in which the help and the documents have them.

import { BENCH } from "./bench/command.js";
import type { CommandSpec } from "./commandSpec.js";
import { DECODE } from "./entry/decode.js";
import { ENCODE } from "./entry/encode.js";
import { FORMATS } from "./formats/command.js";
import { DIFF } from "./image/diff.js";
import { DUMP } from "./image/dump.js";
import { WALK } from "./image/walk.js";
import { REPLAY } from "./replay/command.js";

export const COMMANDS: readonly CommandSpec[] = [REPLAY, DECODE, ENCODE, WALK, DUMP, DIFF, FORMATS, BENCH];
