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
  /** The name of the function around it; empty outside of any. */
  readonly within: string;
  /** Of the mutations of one file that have the same line and the same old text, which one, from 0. */
  readonly occurrence: number;
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
  const found: Omit<Mutation, "occurrence">[] = [];
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
      within,
    });
  };
  let within = "";
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isTypeNode(node) || isNoObject(node)) return;
    if (ts.isNumericLiteral(node)) add(node, next(node.getText(tree)));
    else if (node.kind === ts.SyntaxKind.TrueKeyword) add(node, "false");
    else if (node.kind === ts.SyntaxKind.FalseKeyword) add(node, "true");
    else if (ts.isBinaryExpression(node)) {
      const other = COMPARISONS.get(node.operatorToken.kind);
      if (other !== undefined) add(node.operatorToken, other);
    }
    const around = within;
    if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isGetAccessor(node))
      within = node.name?.getText(tree) ?? "";
    ts.forEachChild(node, visit);
    within = around;
  };
  visit(tree);
  return withOccurrences(found.sort((a, b) => a.from - b.from));
}

/**
 * `changetype<F>(0)`: how a method of a format, an operation or a table that is not there is named. It is a form of call, no constant: nothing reads the `this` of
 * what has no fields.
 */
function isNoObject(node: ts.Node): boolean {
  if (!ts.isCallExpression(node) || node.expression.getText() !== "changetype") return false;
  const [argument] = node.arguments;
  return argument !== undefined && ts.isNumericLiteral(argument) && argument.text === "0";
}

function withOccurrences(mutations: readonly Omit<Mutation, "occurrence">[]): Mutation[] {
  const counts = new Map<string, number>();
  return mutations.map((mutation) => {
    const same = `${mutation.old} in ${mutation.text}`;
    const occurrence = counts.get(same) ?? 0;
    counts.set(same, occurrence + 1);
    return { ...mutation, occurrence };
  });
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

/** Where it is and what it does, for whoever reads it. */
export function nameOf({ file, line, column, old, new: replacement }: Mutation): string {
  return `${file}:${line}:${column} ${old} -> ${replacement}`;
}

/** By what a result is kept: the same while its line is, wherever that moves in its file. */
export function keyOf({ file, text, occurrence, old, new: replacement }: Mutation): string {
  return `${file} [${occurrence}] ${old} -> ${replacement} in: ${text}`;
}
