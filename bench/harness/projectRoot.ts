import { existsSync } from "node:fs";

/** The project's folder, from here or from where this is compiled to. */
export function projectRoot(): URL {
  let folder = new URL("./", import.meta.url);
  while (!existsSync(new URL("package.json", folder))) folder = new URL("../", folder);
  return folder;
}
