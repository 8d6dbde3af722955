// Nothing in the project names the machine or the registry that it was made with.
import { expect, test } from "vitest";
import { type ProjectFile, projectFiles } from "./projectFiles.js";

const PRIVATE: Readonly<Record<string, RegExp>> = {
  "a registry host": /\bregistry\.[\w-]+\.\w+|:\/\/registry\b|\bnpm\.pkg\.\w+/i,
  "an absolute path of a machine": /(?<![\w.~)*-])\/(?:home|root|work|tmp|mnt|Users|private)\/\w|\b[A-Z]:\\\w/,
};

function findings({ path, text }: ProjectFile): string[] {
  return text.split("\n").flatMap((line, index) =>
    Object.entries(PRIVATE)
      .filter(([, pattern]) => pattern.test(line))
      .map(([what]) => `${path}:${index + 1}: ${what}`),
  );
}

test("no file names a registry host or an absolute path of a machine", () => {
  const files = projectFiles();
  expect(files.map(({ path }) => path)).toEqual(expect.arrayContaining(["package-lock.json", ".ci/run", "README.md"]));
  expect(files.flatMap(findings)).toEqual([]);
});

test.each([
  ["a registry host", ["registry", "example", "org"].join(".")],
  ["a registry host", ["//npm", "pkg", "example.com"].join(".")],
  ["an absolute path of a machine", `cd ${["", "home", "someone", "x"].join("/")}`],
  ["an absolute path of a machine", `"${["", "tmp", "x"].join("/")}"`],
  ["an absolute path of a machine", ["C:", "Users"].join("\\")],
])("%s would be found in %s", (what, text) => {
  expect(findings({ path: "a", text })).toEqual([`a:1: ${what}`]);
});
