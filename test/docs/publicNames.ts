import { fileURLToPath } from "node:url";
import ts from "typescript";

const INDEX = fileURLToPath(new URL("../../bindings/index.ts", import.meta.url));

let program: ts.Program | undefined;

function exportsOf(): { checker: ts.TypeChecker; symbols: readonly ts.Symbol[] } {
  program ??= ts.createProgram([INDEX], {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    noResolve: false,
    types: [],
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(INDEX);
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error("bindings/index.ts does not compile");
  const symbols = checker
    .getExportsOfModule(module)
    .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
    .filter(({ flags }) => flags & ts.SymbolFlags.Value);
  return { checker, symbols };
}

/** What the package exports, without its types. */
export function valueNames(): string[] {
  return exportsOf().symbols.map(({ name }) => name);
}

/** Exported values and public methods whose docstring has no example. */
export function undocumented(): string[] {
  const { checker, symbols } = exportsOf();
  const lacks = (symbol: ts.Symbol): boolean =>
    !symbol.getJsDocTags(checker).some(({ name, text }) => name === "example" && (text?.length ?? 0) > 0);
  return symbols.flatMap((symbol) => {
    const members = [
      ...(symbol.members?.values() ?? []),
      ...(symbol.flags & ts.SymbolFlags.Class ? (symbol.exports?.values() ?? []) : []),
    ];
    const methods = members.filter(({ flags, name }) => flags & ts.SymbolFlags.Method && !/^(__#|#|__@)/.test(name));
    return [symbol, ...methods]
      .filter(lacks)
      .map(({ name }) => (name === symbol.name ? name : `${symbol.name}.${name}`));
  });
}
