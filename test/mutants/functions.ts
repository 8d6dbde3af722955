// In which function of a source a mutation is.
import ts from "typescript";
import type { Sources } from "./choices.js";
import type { Mutation } from "./mutations.js";

/** Where the innermost function around a mutation begins and ends; all of the file where there is none. */
export function functionAround({ file, from }: Mutation, sources: Sources): { from: number; to: number } {
  const tree = ts.createSourceFile(file, sources.get(file) ?? "", ts.ScriptTarget.Latest, true);
  let found: ts.Node = tree;
  const visit = (node: ts.Node): void => {
    if (from < node.pos || from >= node.end) return;
    if (ts.isFunctionLike(node)) found = node;
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return { from: found.pos, to: found.end };
}
