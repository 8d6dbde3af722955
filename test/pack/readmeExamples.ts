import { readFileSync } from "node:fs";

export interface Example {
  /** The heading that it stands under. */
  readonly section: string;
  readonly code: string;
  /** What the README says that it prints. */
  readonly output: string;
}

/** The programs of the README, each with the output that stands below it. */
export function readmeExamples(): Example[] {
  const text = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const examples: Example[] = [];
  let section = "";
  let code: string | undefined;
  for (const [, heading, language, body = ""] of text.matchAll(/^##? (.+)$|^```(\w+)\n([\s\S]*?)^```$/gm)) {
    if (heading !== undefined) section = heading;
    else if (language === "js") {
      if (code !== undefined) throw new Error(`the README does not say what the example before "${section}" prints`);
      code = body;
    } else if (language === "text" && code !== undefined) {
      examples.push({ section, code, output: body });
      code = undefined;
    }
  }
  if (code !== undefined) throw new Error("the README does not say what its last example prints");
  return examples;
}
