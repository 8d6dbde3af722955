// What can be broken in a source of the core: each constant and each comparison, one at a time.
import ts from "typescript";

export interface Mutation {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  readonly from: number;
  readonly to: number;
  readonly old: string;
  readonly new: string;
  /** The source line, for whoever reads the list. */
  readonly text: string;
}

/** Each comparison becomes the one that differs from it in the fewest cases: at the limit, or in all of them where there is no limit. */
const COMPARISONS = new Map<ts.SyntaxKind, string>([
  [ts.SyntaxKind.EqualsEqualsToken, "!="],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, "!=="],
  [ts.SyntaxKind.ExclamationEqualsToken, "=="],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, "==="],
  [ts.SyntaxKind.LessThanToken, "<="],
  [ts.SyntaxKind.LessThanEqualsToken, "<"],
  [ts.SyntaxKind.GreaterThanToken, ">="],
  [ts.SyntaxKind.GreaterThanEqualsToken, ">"],
]);

/** Every mutation of one source, in the order of its text. */
export function mutationsOf(file: string, source: string): Mutation[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const lines = source.split("\n");
  const found: Mutation[] = [];
  const add = (node: ts.Node, replacement: string): void => {
    const from = node.getStart(tree);
    const { line, character } = tree.getLineAndCharacterOfPosition(from);
    const text = (lines[line] ?? "").trim();
    found.push({
      file,
      line: line + 1,
      column: character + 1,
      from,
      to: node.end,
      old: node.getText(tree),
      new: replacement,
      text,
    });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isTypeNode(node)) return;
    if (ts.isNumericLiteral(node)) add(node, next(node.getText(tree)));
    else if (node.kind === ts.SyntaxKind.TrueKeyword) add(node, "false");
    else if (node.kind === ts.SyntaxKind.FalseKeyword) add(node, "true");
    else if (ts.isBinaryExpression(node)) {
      const other = COMPARISONS.get(node.operatorToken.kind);
      if (other !== undefined) add(node.operatorToken, other);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found.sort((a, b) => a.from - b.from);
}

/** The literal plus one, written as it was: a constant that is one off, a mask that has other bits. */
function next(literal: string): string {
  const plain = literal.replaceAll("_", "");
  if (plain.includes(".")) return `${Number(plain) + 1}.0`;
  const value = BigInt(plain) + 1n;
  return plain.startsWith("0x") ? `0x${value.toString(16)}` : value.toString();
}

/** The source with one mutation applied. */
export function mutate(source: string, { from, to, new: replacement }: Mutation): string {
  return source.slice(0, from) + replacement + source.slice(to);
}

/** The same from run to run, until the line or what stands before it on the line changes. */
export function nameOf({ file, line, column, old, new: replacement }: Mutation): string {
  return `${file}:${line}:${column} ${old} -> ${replacement}`;
}
