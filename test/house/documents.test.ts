// The documents lead somewhere, and say what the tests know.
import { dirname, posix } from "node:path";
import { describe, expect, test } from "vitest";
import { Deliberate } from "../../bindings/cli/replay/deliberate.js";
import { DIFFERENCES } from "../conformance/golden/differences.js";
import { DirtyDifference } from "../conformance/golden/dirty.js";
import { MAIR_SIGN } from "../conformance/golden/initCheck.js";
import { pathsBelow, projectFile, projectFiles } from "./projectFiles.js";

const DOCUMENTS = projectFiles().filter(({ path }) => path.endsWith(".md"));

/** The anchors of a document's headings. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, "")
      .replaceAll(" ", "-"),
  );
}

describe("links", () => {
  test.each(DOCUMENTS)("of $path lead to files and headings that exist", ({ path, text }) => {
    const files = pathsBelow();
    const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) => {
      if (/^https?:/.test(target)) return [];
      const [file = "", anchor] = target.split("#");
      const linked = file === "" ? path : posix.normalize(posix.join(dirname(path), file));
      if (!files.includes(linked)) return [target];
      return anchor === undefined || anchors(projectFile(linked)).includes(anchor) ? [] : [target];
    });
    expect(broken).toEqual([]);
  });
});

test("each difference that the replays know is in docs/differences-from-linux.md, by its name", () => {
  const text = projectFile("docs/differences-from-linux.md").replace(/\s+/g, " ");
  const recorded = Object.values(Deliberate);
  const names = [...DIFFERENCES.map(({ name }) => name), ...Object.values(DirtyDifference), MAIR_SIGN, ...recorded];
  expect(names.filter((name) => !text.includes(name))).toEqual([]);
});
