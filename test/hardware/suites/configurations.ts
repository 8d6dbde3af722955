import type { Configuration } from "../../configurations/configuration.js";
import { CONFIGURATIONS } from "../../configurations/list.js";

/** A row of the list that all tests share. */
export function configurationOf(name: string): Configuration {
  const found = CONFIGURATIONS.find((configuration) => configuration.name === name);
  if (found === undefined) throw new Error(`no configuration is called ${name}`);
  return found;
}
