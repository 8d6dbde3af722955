// The page: what is to be seen changes here, and nowhere else.
import { IoPgtableError } from "io-pgtable";
import { AddressLine } from "./addressLine.js";
import { ChangePanel } from "./changePanel.js";
import { type Change, FLUSH } from "./changes.js";
import { byId, h } from "./dom.js";
import { EntryPanel } from "./entryPanel.js";
import type { Film } from "./film.js";
import { choiceOf, type Setup } from "./formats.js";
import { ImagePanel } from "./imagePanel.js";
import { bytesText, hex, sizeText } from "./numbers.js";
import { RecordPanel } from "./recordPanel.js";
import { Session } from "./session.js";
import { showSetup } from "./setupPanel.js";
import type { Source } from "./source.js";
import { Stage, type View } from "./stage.js";
import { PANELS, type Panel, readState, type State, writeState } from "./state.js";
import { startTheme } from "./theme.js";
import { WalkPanel } from "./walkPanel.js";

const REMEMBER_MS = 150;
let remembering = 0;
const state: State = readState(location.hash.slice(1));
let undone: readonly Change[] = [];
let range: View | null = null;
let session = build(state);

const stage = new Stage(byId("stage", HTMLElement), {
  entry: (node, index) => {
    state.entry = { level: node.level, word: node.cells.get(index)?.entry ?? 0n };
    openPanel("entry");
    showEntry();
  },
  zoom,
});
const line = new AddressLine(byId("line", HTMLElement), {
  chosen: (chosen) => {
    range = chosen;
    changes.choose(chosen);
  },
  zoom,
});
const changes = new ChangePanel(byId("panel-change", HTMLElement), { apply, undo, redo, clear });
const entries = new EntryPanel(byId("panel-entry", HTMLElement), (entry) => {
  state.entry = entry;
  remember();
});
const walks = new WalkPanel(byId("panel-walk", HTMLElement), {
  reached: (steps) => stage.light(steps),
  address: (address) => {
    state.address = address;
    remember();
    walks.show(source(), address, state.hold, true);
  },
  hold: (on) => {
    state.hold = on;
    if (!on && session.held > 0) apply(FLUSH);
    else show();
  },
  flush: () => apply(FLUSH),
});

const otherStage = new Stage(byId("other-stage", HTMLElement), { entry: () => {}, zoom });
const records = new RecordPanel(byId("panel-record", HTMLElement), {
  shown: () => {
    state.shown = "film";
    show();
  },
  position: (at) => {
    state.position = at;
  },
});
const images = new ImagePanel(byId("panel-image", HTMLElement), () => {
  state.shown = "image";
  state.view = null;
  show();
});

/** The table that is to be seen. */
function source(): Source {
  if (state.shown === "film") return records.film ?? session;
  if (state.shown === "image") return images.image ?? session;
  return session;
}

/** A table that refuses a change of the URL is shown as far as it came. */
function build(from: State): Session {
  try {
    return new Session(from.setup, from.changes, from.hold);
  } catch (error) {
    if (!(error instanceof IoPgtableError)) throw error;
    from.changes = from.changes.slice(0, -1);
    return build(from);
  }
}

function rebuild(): void {
  session.destroy();
  session = build(state);
  show();
}

function apply(change: Change): void {
  try {
    session.apply(change, state.hold);
    state.changes = [...state.changes, change];
    undone = [];
    changes.say("");
  } catch (error) {
    if (!(error instanceof IoPgtableError)) throw error;
    changes.say(error.message);
  }
  show();
}

function undo(): void {
  const last = state.changes.at(-1);
  if (last === undefined) return;
  state.changes = state.changes.slice(0, -1);
  undone = [...undone, last];
  rebuild();
}

function redo(): void {
  const next = undone.at(-1);
  if (next === undefined) return;
  const rest = undone.slice(0, -1);
  apply(next);
  undone = rest;
  show();
}

function clear(): void {
  state.changes = [];
  undone = [];
  rebuild();
}

function changeSetup(setup: Setup): void {
  state.setup = setup;
  state.view = null;
  state.entry = null;
  records.setFormat(setup);
  rebuild();
}

function wholeOf(source: Source): View {
  return { start: 0n, size: 1n << BigInt(source.table.ias) };
}

/** A view of no size is the whole. */
function zoom(view: View): void {
  const whole = wholeOf(source());
  state.view = view.size === 0n || view.size >= whole.size ? null : view;
  show();
}

/** The range as far as the entry of the level above covers it. */
function zoomOut(): void {
  const view = state.view;
  if (view === null) return;
  const wider = source()
    .reader.levels.toReversed()
    .find(({ covers }) => BigInt(covers) > view.size);
  const size = wider === undefined ? wholeOf(source()).size : BigInt(wider.covers);
  zoom({ start: view.start - (view.start % size), size });
}

function openPanel(panel: Panel): void {
  state.panel = panel;
  showSourceOf(panel);
  for (const each of PANELS) {
    byId(`panel-${each}`, HTMLElement).hidden = each !== panel;
    byId(`tab-${each}`, HTMLButtonElement).setAttribute("aria-selected", String(each === panel));
    byId(`tab-${each}`, HTMLButtonElement).tabIndex = each === panel ? 0 : -1;
  }
  remember();
}

/** Entry and walk stay with the table that is seen. */
function showSourceOf(panel: Panel): void {
  const before = source();
  if (panel === "change") state.shown = "session";
  else if (panel === "record" && records.film !== null) state.shown = "film";
  else if (panel === "image" && images.image !== null) state.shown = "image";
  if (source() === before) return;
  state.view = null;
  show();
}

function showEntry(): void {
  entries.show(source().reader, state.entry);
}

function showCrumbs(view: View): void {
  const whole = h(
    "button",
    { type: "button", name: "whole", click: () => zoom({ start: 0n, size: 0n }) },
    "Whole space",
  );
  const out = h("button", { type: "button", name: "out", click: zoomOut }, "Zoom out");
  const into = h("button", { type: "button", name: "in", click: () => range !== null && zoom(range) }, "Zoom to range");
  whole.disabled = out.disabled = state.view === null;
  const where = state.view === null ? "all of it" : `${sizeText(view.size)} at ${hex(view.start)}`;
  byId("crumbs", HTMLElement).replaceChildren(whole, out, into, h("span", { class: "quiet" }, where));
}

/** Once for a burst of changes: browsers limit how often. A file of this person's is not in the URL. */
function remember(): void {
  clearTimeout(remembering);
  remembering = window.setTimeout(() => {
    const sample = state.shown === "film" ? records.isSample : images.isSample;
    history.replaceState(null, "", `#${writeState(sample ? state : { ...state, shown: "session" })}`);
  }, REMEMBER_MS);
}

/** The other film, where two are compared. */
function showBeside(beside: Film | null, view: View): void {
  byId("stages", HTMLElement).classList.toggle("two", beside !== null);
  byId("other", HTMLElement).hidden = beside === null;
  if (beside === null) return;
  byId("other-name", HTMLElement).textContent = choiceOf(beside.setup.format).label;
  otherStage.show(beside, view);
}

function show(): void {
  const shown = source();
  const view = state.view ?? wholeOf(shown);
  const { tablePages, sharedTablePages, mappedBytes } = shown.table.stats();
  const sharing = sharedTablePages === 0 ? "" : ` (${sharedTablePages} shared)`;
  byId("stats", HTMLElement).textContent = `${tablePages} table pages${sharing}, ${bytesText(mappedBytes)} mapped`;
  const whose = { session: "", film: "A record on ", image: "A kernel's table, " }[state.shown];
  byId("name", HTMLElement).textContent = shown === session ? "" : `${whose}${choiceOf(shown.setup.format).label}`;
  showSetup(state.setup, changeSetup);
  showCrumbs(view);
  line.show(shown, view, range);
  stage.show(shown, view);
  showBeside(shown === records.film ? records.beside : null, view);
  changes.show(state.changes, undone.length > 0);
  showEntry();
  walks.show(shown, state.address, state.hold, false);
  remember();
}

function startTabs(): void {
  PANELS.forEach((panel, at) => {
    const tab = byId(`tab-${panel}`, HTMLButtonElement);
    tab.addEventListener("click", () => openPanel(panel));
    tab.addEventListener("keydown", ({ key }) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[key];
      const next = by === undefined ? undefined : PANELS[(at + by + PANELS.length) % PANELS.length];
      if (next === undefined) return;
      openPanel(next);
      byId(`tab-${next}`, HTMLButtonElement).focus();
    });
  });
}

addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.target instanceof HTMLInputElement)
    return;
  event.preventDefault();
  if (event.shiftKey) redo();
  else undo();
});
addEventListener("hashchange", () => {
  Object.assign(state, readState(location.hash.slice(1)));
  rebuild();
  openPanel(state.panel);
});
/** A shared view of a sample loads it again; a file of the other person's cannot be had. */
async function loadSamples(): Promise<void> {
  const { shown, view, position } = state;
  if (shown === "session") return;
  if (shown === "film") await records.loadSample(position);
  else await images.loadSample();
  state.view = view;
  show();
}

startTheme(() => show());
startTabs();
records.setFormat(state.setup);
show();
openPanel(state.panel);
void loadSamples();
document.documentElement.dataset.ready = String(Math.round(performance.now()));
