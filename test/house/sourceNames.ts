import ts from "typescript";

/** The names that a source uses: its identifiers and its whole string literals. Comments and prose in messages are no use. */
export function sourceNames(text: string): Set<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) || ts.isStringLiteralLike(node)) names.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("source.ts", text, ts.ScriptTarget.Latest));
  return names;
}
