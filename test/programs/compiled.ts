// The library and parts of the tests as JavaScript in a folder, with a core of choice.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";

const COMPILER_OPTIONS: ts.CompilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };

/** Files made anew in a folder. */
export class CompiledFolder {
  constructor(readonly path: string) {
    rmSync(path, { recursive: true, force: true });
  }

  write(file: string, content: string | Uint8Array): void {
    const at = join(this.path, file);
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, content);
  }

  /** Compile the sources below `folders` of a project, and give the library there this core, in the form that build.mjs embeds it in. */
  compile(project: string, folders: readonly string[], core: Uint8Array): void {
    for (const file of folders.flatMap((folder) => sourcesBelow(project, folder))) {
      const source = readFileSync(join(project, file), "utf8");
      const { outputText } = ts.transpileModule(source, { compilerOptions: COMPILER_OPTIONS });
      this.write(file.replace(/\.ts$/, ".js"), outputText);
    }
    const text = JSON.stringify(Buffer.from(core).toString("latin1"));
    this.write("bindings/generated/coreBytes.js", `export const CORE_LATIN1 = ${text};\n`);
  }
}

function sourcesBelow(project: string, folder: string): string[] {
  const names = readdirSync(join(project, folder), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts")).map((name) => join(folder, name));
}
