/** What an example says that it prints: the comment at its end. */
export function promisedOutput(source: string): string {
  const [, block] = /^\/\/ Prints:\n((?:\/\/.*\n)+)$/m.exec(source) ?? [];
  if (block === undefined) throw new Error("no comment `// Prints:` at the end");
  return block.replace(/^\/\/(?: {3})?/gm, "");
}
