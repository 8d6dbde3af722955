// Which leaf sizes have a place in a table.
import type { Core } from "../core.js";
import type { FormatSpec } from "../formats/format.js";

/**
 * The configured sizes without those of a level above the root. A format may list them all the same, as Linux does: a block as large as the input space,
 * under a root that is a level below.
 */
export function leafSizes(core: Core, { core: format, maxTop, pageSizes }: FormatSpec): readonly number[] {
  const spanOfTop = 2 ** (core.geometry(format, 0, maxTop) + core.geometry(format, 1, maxTop));
  return pageSizes.filter((size) => size < spanOfTop);
}
