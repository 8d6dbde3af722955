import type { ConfiguredFormat } from "../../formats/describe.js";
import { UnusableOption } from "../replay/unusableInput.js";
import { levelsOf } from "./describedEntry.js";

/** A level by the architecture's number, as the core counts it. */
export function levelOption(format: ConfiguredFormat, text: string): number {
  const levels = levelsOf(format);
  const level = levels.find((each) => String(format.spec.archLevel(each)) === text);
  if (level !== undefined) return level;
  const names = levels.map((each) => format.spec.archLevel(each)).join(", ");
  throw new UnusableOption(`--level ${text}: ${format.spec.name} has the levels ${names}`);
}
