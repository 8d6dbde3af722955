// In which function of a source a mutation is.
import ts from "typescript";
import type { Sources } from "./choices.js";
import type { Mutation } from "./mutations.js";

/** Where the innermost function around a mutation begins and ends. */
export function functionAround({ file, from }: Mutation, sources: Sources): { from: number; to: number } | undefined {
  const tree = ts.createSourceFile(file, sources.get(file) ?? "", ts.ScriptTarget.Latest, true);
  let found: ts.Node | undefined;
  const visit = (node: ts.Node): void => {
    if (from < node.pos || from >= node.end) return;
    if (ts.isFunctionLike(node)) found = node;
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found && { from: found.pos, to: found.end };
}
