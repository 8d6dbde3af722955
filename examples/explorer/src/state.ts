// What is to be seen, and the same as the part of the URL behind "#", so that a view can be shared.
import { type Change, FIRST_CHANGES, FLUSH, OPERATIONS } from "./changes.js";
import { CHOICES, choiceOf, type Setup, usualSetup } from "./formats.js";
import type { View } from "./stage.js";

export const PANELS = ["change", "entry", "walk", "record", "image"] as const;
export type Panel = (typeof PANELS)[number];

export interface State {
  setup: Setup;
  changes: readonly Change[];
  /** Flushes of changes are held back until one is asked for. */
  hold: boolean;
  /** Null: the whole address space. */
  view: View | null;
  panel: Panel;
  /** The address of the walk. */
  address: bigint | null;
  entry: { readonly level: number; readonly word: bigint } | null;
  /** Whose table is shown: what was built, a record's, or a kernel's. */
  shown: "session" | "film" | "image";
  /** Where in the film. */
  position: number;
}

export function firstState(): State {
  const [choice = choiceOf("armLpaeS1")] = CHOICES;
  const changes = FIRST_CHANGES;
  return {
    setup: usualSetup(choice),
    changes,
    hold: false,
    view: null,
    panel: "change",
    address: null,
    entry: null,
    shown: "session",
    position: 0,
  };
}

const number = (x: bigint): string => x.toString(16);

function changeText({ op, iova, size, paddr, period, prot }: Change): string {
  return op === "flush" ? op : [op, ...[iova, size, paddr, period].map(number), prot.toString(16)].join(".");
}

function wide(text: string | undefined): bigint | null {
  return text !== undefined && /^[0-9a-f]{1,16}$/.test(text) ? BigInt(`0x${text}`) : null;
}

function readChange(text: string): Change | null {
  const [name, ...fields] = text.split(".");
  if (name === "flush") return FLUSH;
  const op = OPERATIONS.find((each) => each === name);
  const [iova, size, paddr, period, prot] = fields.map(wide);
  if (op === undefined || iova == null || size == null || paddr == null || period == null || prot == null) return null;
  return { op, iova, size, paddr, period, prot: Number(prot) };
}

export function writeState(state: State): string {
  const { setup, changes, hold, view, panel, address, entry } = state;
  const parts = new URLSearchParams({
    format: [setup.format, setup.ias, setup.oas, setup.page, Number(setup.extra)].join("."),
    changes: changes.map(changeText).join("_"),
    panel,
  });
  if (hold) parts.set("hold", "1");
  if (view !== null) parts.set("view", `${number(view.start)}.${number(view.size)}`);
  if (address !== null) parts.set("address", number(address));
  if (entry !== null) parts.set("entry", `${entry.level}.${number(entry.word)}`);
  if (state.shown !== "session") parts.set("shown", state.shown);
  if (state.shown === "film") parts.set("position", String(state.position));
  return parts.toString();
}

function readSetup(text: string): Setup | null {
  const [format, ias, oas, page, extra] = text.split(".");
  const choice = CHOICES.find(({ name }) => name === format);
  if (choice === undefined) return null;
  const setup = { format: choice.name, ias: Number(ias), oas: Number(oas), page: Number(page), extra: extra === "1" };
  const known = choice.ias.includes(setup.ias) && choice.oas.includes(setup.oas) && choice.pages.includes(setup.page);
  return known ? setup : usualSetup(choice);
}

function readEntry(text: string | null): State["entry"] {
  const [level, word] = text?.split(".") ?? [];
  const found = wide(word);
  return found === null || !/^-?\d$/.test(level ?? "") ? null : { level: Number(level), word: found };
}

/** What cannot be read is as it is at the start. */
export function readState(text: string): State {
  const parts = new URLSearchParams(text);
  const state = firstState();
  state.setup = readSetup(parts.get("format") ?? "") ?? state.setup;
  const changes = parts.get("changes");
  if (changes !== null) {
    state.changes = changes
      .split("_")
      .map(readChange)
      .filter((change) => change !== null);
  }
  state.hold = parts.get("hold") === "1";
  const [start, size] = (parts.get("view") ?? "").split(".").map(wide);
  if (start != null && size != null && size > 0n) state.view = { start, size };
  state.panel = PANELS.find((each) => each === parts.get("panel")) ?? state.panel;
  state.address = wide(parts.get("address") ?? undefined);
  state.shown = (["film", "image"] as const).find((each) => each === parts.get("shown")) ?? "session";
  state.position = Math.max(0, Math.trunc(Number(parts.get("position")) || 0));
  state.entry = readEntry(parts.get("entry"));
  return state;
}
