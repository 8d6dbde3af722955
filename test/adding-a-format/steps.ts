import { readFileSync } from "node:fs";

/** One code block of docs/adding-a-format.md that says what a file is to hold. */
export interface Step {
  file: string;
  /** The line that the text goes before; null: the text is the whole of a new file. */
  before: string | null;
  text: string;
}

const BLOCK = /^```\w+ (\S+?)(?:, before "(.+)")?\n([\s\S]*?)^```$/gm;

/** What the document says, in its order. */
export function steps(): Step[] {
  const document = readFileSync(new URL("../../docs/adding-a-format.md", import.meta.url), "utf8");
  return [...document.matchAll(BLOCK)].map(([, file = "", before = null, text = ""]) => ({ file, before, text }));
}

/** The same for a format that is called otherwise: `acmeMmu`, `AcmeMmu` and `ACME_MMU` give way to the name's spellings. */
export function renamed(step: Step, { camel, pascal, upper }: { camel: string; pascal: string; upper: string }): Step {
  const rename = (text: string) =>
    text.replaceAll("acmeMmu", camel).replaceAll("AcmeMmu", pascal).replaceAll("ACME_MMU", upper);
  return { ...step, file: rename(step.file), text: rename(step.text) };
}
