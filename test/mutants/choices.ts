// The sources of the core with all mutants in them at once: what a mutant changes is written as a choice that is made at run time, so that one build serves all.
import { dirname, join } from "node:path";
import ts from "typescript";
import { type Mutation, mutate } from "./mutations.js";

/** A mutation and the number by which it is chosen; 0 is none. */
export interface Numbered {
  readonly id: number;
  readonly mutation: Mutation;
}

/** What to put in the place of a mutant's expression. */
export interface Writing {
  /** An expression that is true when this mutant is the chosen one. */
  chosen(id: number): string;
  /** A line that every changed file begins with. */
  readonly header: string;
}

/** Sources by path, as the compiler is given them. */
export type Sources = ReadonlyMap<string, string>;

/** Constants whose value is a choice become functions; who uses them calls those. By file. */
type Constants = ReadonlyMap<string, ReadonlySet<string>>;

export function withChoices(sources: Sources, choices: readonly Numbered[], writing: Writing): Map<string, string> {
  const byFile = new Map([...sources.keys()].map((file) => [file, choices.filter((c) => c.mutation.file === file)]));
  const trees = new Map([...sources].map(([file, text]) => [file, parse(file, text)]));
  const constants: Constants = new Map(
    [...trees].map(([file, tree]) => [file, constantsIn(tree, byFile.get(file) ?? [])]),
  );
  const written = new Map<string, string>();
  for (const [file, tree] of trees) {
    const own = byFile.get(file) ?? [];
    const text = new Writer(tree, own, calledIn(file, tree, constants), writing).text();
    written.set(file, own.length === 0 ? text : `${writing.header}\n${text}`);
  }
  return written;
}

/** The sources with one mutant, for what is no choice. */
export function withMutation(sources: Sources, mutation: Mutation): Map<string, string> {
  return new Map([...sources].map(([file, text]) => [file, file === mutation.file ? mutate(text, mutation) : text]));
}

function parse(file: string, text: string): ts.SourceFile {
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
}

/** `const` declarations of a file, outside of functions, that have a choice in their value, or the name of another constant, which may have one. */
function constantsIn(tree: ts.SourceFile, choices: readonly Numbered[]): Set<string> {
  const names = new Set<string>();
  for (const statement of tree.statements) {
    if (!ts.isVariableStatement(statement) || !(statement.declarationList.flags & ts.NodeFlags.Const)) continue;
    for (const { name } of statement.declarationList.declarations) {
      const hasChoice = choices.some(({ mutation }) => inside(mutation, statement));
      if (hasChoice || namesConstant(statement)) names.add(name.getText(tree));
    }
  }
  return names;
}

/** Whether the value of a constant has the name of one. */
function namesConstant(declaration: ts.Node): boolean {
  let found = false;
  const visit = (node: ts.Node): void => {
    const { parent } = node;
    const isName = (ts.isVariableDeclaration(parent) || ts.isPropertyDeclaration(parent)) && parent.name === node;
    if (ts.isIdentifier(node) && !isName && CONSTANT.test(node.text)) found = true;
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(declaration, visit);
  return found;
}

const CONSTANT = /^[A-Z][A-Z0-9_]+$/;

function inside({ from, to }: Mutation, node: ts.Node): boolean {
  return node.pos <= from && to <= node.end;
}

/** The names by which a file knows such constants: its own, and those that it imports. */
function calledIn(file: string, tree: ts.SourceFile, constants: Constants): Set<string> {
  const names = new Set(constants.get(file));
  for (const statement of tree.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    const theirs = constants.get(`${join(dirname(file), statement.moduleSpecifier.text)}.ts`);
    const bindings = statement.importClause?.namedBindings;
    if (theirs === undefined || bindings === undefined || !ts.isNamedImports(bindings)) continue;
    for (const { name } of bindings.elements) if (theirs.has(name.text)) names.add(name.text);
  }
  return names;
}

class Writer {
  readonly #source: string;
  readonly #ids: ReadonlyMap<number, Numbered>;

  constructor(
    private readonly tree: ts.SourceFile,
    choices: readonly Numbered[],
    private readonly called: ReadonlySet<string>,
    private readonly writing: Writing,
  ) {
    this.#source = tree.text;
    this.#ids = new Map(choices.map((choice) => [choice.mutation.from, choice]));
  }

  text(): string {
    return this.#node(this.tree);
  }

  /** The text of a node, what stands before it included. */
  #node(node: ts.Node): string {
    if (ts.isImportDeclaration(node) || ts.isTypeNode(node)) return this.#plain(node);
    const before = this.#source.slice(node.pos, node.getStart(this.tree));
    if (ts.isVariableStatement(node) && node.parent === this.tree && this.#isCalled(node)) {
      return before + this.#constant(node);
    }
    if (ts.isPropertyDeclaration(node) && (this.#hasChoice(node) || namesConstant(node))) {
      return before + this.#property(node);
    }
    if (ts.isIdentifier(node) && this.called.has(node.text) && isUse(node)) return `${before}${node.text}()`;
    if (ts.isBinaryExpression(node)) {
      const choice = this.#ids.get(node.operatorToken.getStart(this.tree));
      if (choice !== undefined) return before + this.#comparison(node, choice);
    }
    const choice = this.#ids.get(node.getStart(this.tree));
    const isConstant =
      ts.isNumericLiteral(node) || node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword;
    if (choice !== undefined && isConstant)
      return before + this.#choice(choice, choice.mutation.new, choice.mutation.old);
    return this.#children(node);
  }

  #plain(node: ts.Node): string {
    return this.#source.slice(node.pos, node.end);
  }

  #children(node: ts.Node): string {
    let text = "";
    let at = node.pos;
    ts.forEachChild(node, (child) => {
      text += this.#source.slice(at, child.pos) + this.#node(child);
      at = child.end;
    });
    return text + this.#source.slice(at, node.end);
  }

  /** In the mutant's branch no other one is chosen: the operands stand there as they are. */
  #comparison({ left, right }: ts.BinaryExpression, choice: Numbered): string {
    const { old, new: replacement } = choice.mutation;
    const alone = new Writer(this.tree, [], this.called, this.writing);
    const broken = `${alone.#node(left).trimStart()} ${replacement} ${alone.#node(right)}`;
    const [l, r] = [this.#node(left), this.#node(right)];
    return this.#choice(choice, broken, `${l.trimStart()} ${old} ${r}`);
  }

  #choice({ id }: Numbered, broken: string, whole: string): string {
    return `(${this.writing.chosen(id)} ? ${broken} : ${whole})`;
  }

  #hasChoice(node: ts.Node): boolean {
    return [...this.#ids.values()].some(({ mutation }) => inside(mutation, node));
  }

  #isCalled(statement: ts.VariableStatement): boolean {
    return statement.declarationList.declarations.some(({ name }) => this.called.has(name.getText(this.tree)));
  }

  #constant(statement: ts.VariableStatement): string {
    const exported = statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ? "export " : "";
    return statement.declarationList.declarations
      .map((one) => `@inline ${exported}function ${one.name.getText(this.tree)}(): ${this.#returned(one)}`)
      .join("\n");
  }

  #property(node: ts.PropertyDeclaration): string {
    return `@inline static get ${node.name.getText(this.tree)}(): ${this.#returned(node)}`;
  }

  #returned({ type, initializer }: ts.VariableDeclaration | ts.PropertyDeclaration): string {
    if (initializer === undefined) throw new Error(`a constant of ${this.tree.fileName} has no value`);
    return `${type?.getText(this.tree) ?? "i32"} { return ${this.#node(initializer)}; }`;
  }
}

/** Not the name in a declaration, of a property, or in an import. */
function isUse(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isVariableDeclaration(parent) || ts.isParameter(parent)) return parent.initializer === node;
  return !ts.isImportSpecifier(parent) && !ts.isExportSpecifier(parent) && !ts.isPropertyDeclaration(parent);
}
