import { projectFile, projectFiles } from "./projectFiles.js";

/** A format's name, and the file whose it is. */
export interface FormatName {
  readonly name: string;
  readonly file: string;
}

/** Names in the core: the classes that extend `Format`. */
export function coreFormats(): FormatName[] {
  return projectFiles("assembly/format").flatMap(({ path, text }) =>
    [...text.matchAll(/^export class (\w+) extends Format\b/gm)].map(([, name = ""]) => ({ name, file: path })),
  );
}

/** Names in the bindings: the functions that make a format, exported or not yet. */
export function formatFunctions(): FormatName[] {
  return projectFiles("bindings/formats").flatMap(({ path, text }) =>
    [...text.matchAll(/^export function (\w+)\([^)]*\): Format</gm)].map(([, name = ""]) => ({ name, file: path })),
  );
}

/** The format functions that the library exports. */
export function exportedFormats(): string[] {
  const list = projectFile("bindings/formats/index.ts");
  return formatFunctions()
    .map(({ name }) => name)
    .filter((name) => new RegExp(`\\b${name}\\b(?=[^;]*\\} from)`).test(list))
    .sort();
}

/** The core's numbers of its formats, by the class in assembly/formats.ts and by the constant in the bindings, in lower case. */
export function coreNumbers(): Map<string, number> {
  return numbers(projectFile("assembly/formats.ts"), /case (\d+):\s*return o\.run<(\w+)>/g, 2, 1);
}
export function bindingNumbers(): Map<string, number> {
  return numbers(projectFile("bindings/formats/coreFormats.ts"), /^ {2}(\w+): (\d+),$/gm, 1, 2);
}

function numbers(text: string, pattern: RegExp, name: number, number: number): Map<string, number> {
  return new Map(
    [...text.matchAll(pattern)].map((match) => [
      (match[name] ?? "").replaceAll("_", "").toLowerCase(),
      Number(match[number]),
    ]),
  );
}
