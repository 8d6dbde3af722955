// The list of commands, in the order in which the help and the documents have them.
import type { CommandSpec } from "./commandSpec.js";
import { DECODE } from "./entry/decode.js";
import { ENCODE } from "./entry/encode.js";

export const COMMANDS: readonly CommandSpec[] = [DECODE, ENCODE];
