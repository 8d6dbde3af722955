// Of the edits of mappings in place, beside those of changes.ts.
import { type Explained, inCore } from "./explained.js";

export const CARVING: readonly Explained[] = [
  ...inCore("edit", [
    ["", /^static readonly BBM2: /, "1", "nothing compares with it: it is the mode that is none of the others"],
    [
      "newAttrs",
      /^if \(t\.dirtyMask == 0\)/,
      "0",
      "only slower: where leaves keep no dirty state, those of a leaf made with the attributes are the same again",
    ],
    [
      "newAttrs",
      /^return Item\.attrs<F>\(kept, 0\)/,
      "0",
      "of the formats that keep dirty state, none has an attribute that leaves of another level have elsewhere or not at all",
    ],
  ]),
  ...inCore("editOperations", [
    ["", /^static readonly RUN: /, "5", "nothing compares with it: it is the step that is none of the others"],
    [
      "run",
      /^Edit\.set\(EditKind\.PROTECT, /,
      "0",
      "coalesce reads the range of the edit; each leaf is given its own address and attributes",
    ],
  ]),
];
