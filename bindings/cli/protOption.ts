import { Prot } from "../index.js";
import { UnusableOption } from "./replay/unusableInput.js";

type FlagName = Exclude<keyof typeof Prot, "memoryType">;

const FLAGS = Object.entries(Prot).filter((flag): flag is [FlagName, number] => typeof flag[1] === "number");
const MEMORY_TYPES = Array.from({ length: 16 }, (_, index) => index);

/** Names of protection flags, joined by commas: `READ,WRITE`, `MEMTYPE=3`. */
export function protOption(name: string, text: string): number {
  return text.split(",").reduce((prot, word) => {
    const flag = FLAGS.find(([known]) => known === word.toUpperCase());
    if (flag !== undefined) return prot | flag[1];
    const [, index] = /^MEMTYPE=(\d{1,2})$/i.exec(word) ?? [];
    if (index !== undefined && Number(index) < MEMORY_TYPES.length) return prot | Prot.memoryType(Number(index));
    const names = FLAGS.map(([known]) => known).join(", ");
    throw new UnusableOption(`${name} ${text}: no protection "${word}"; there are ${names} and MEMTYPE=0..15`);
  }, 0);
}

/** The flags that a protection consists of, by their names. */
export function protNames(prot: number): string[] {
  const type = MEMORY_TYPES.find((index) => prot >> 9 === Prot.memoryType(index) >> 9);
  const names = FLAGS.filter(([, flag]) => (prot & flag) !== 0).map(([known]) => known as string);
  return type === undefined || prot >> 9 === 0 ? names : [...names, `MEMTYPE=${type}`];
}

/** The same in a line of text. */
export function protText(prot: number): string {
  return protNames(prot).join(",") || "-";
}
