// The tree of tables: a band for each level, a grid for each table page, an arrow from each run of entries to the table that they point to.
import type { WalkStep } from "io-pgtable";
import { type Arrow, drawArrows, runsOf } from "./arrows.js";
import { h } from "./dom.js";
import { cellAt, cellText, columnsOf, drawGrid } from "./grid.js";
import { hex, sizeText } from "./numbers.js";
import type { Source } from "./source.js";
import { readTree, type TableNode } from "./tree.js";

const MOST_DRAWN = 16;
const FAINT_FROM = 6;

export interface View {
  readonly start: bigint;
  readonly size: bigint;
}

export interface StageEvents {
  /** An entry was chosen. */
  readonly entry: (node: TableNode, index: number) => void;
  /** Go to what an entry covers. */
  readonly zoom: (view: View) => void;
}

interface Drawn {
  readonly node: TableNode;
  readonly canvas: HTMLCanvasElement;
  cursor: number;
}

/** One tree in the page. */
export class Stage {
  readonly #host: HTMLElement;
  readonly #events: StageEvents;
  readonly #hint = h("output", { class: "hint", "aria-live": "polite" });
  #drawn: Drawn[] = [];
  #sizes: readonly number[] = [];
  #lit: readonly WalkStep[] = [];
  #itemBytes = 8;
  #arrows: Arrow[] = [];

  constructor(host: HTMLElement, events: StageEvents) {
    this.#host = host;
    this.#events = events;
    new ResizeObserver(() => drawArrows(this.#host, this.#arrows)).observe(host);
  }

  show(source: Source, view: View): void {
    const { nodes, cut } = readTree(source, view.start, view.size);
    this.#sizes = source.table.pageSizes;
    this.#itemBytes = source.reader.bits / 8;
    this.#drawn = [];
    const bands = source.reader.levels
      .map(({ level, covers }) =>
        this.#band(
          level,
          covers,
          nodes.filter((node) => node.level === level),
        ),
      )
      .filter((band) => band !== null);
    const note = cut ? [h("p", { class: "quiet" }, "There are more tables than are shown; zoom in to see them.")] : [];
    this.#host.replaceChildren(this.#hint, ...bands, ...note);
    this.#arrows = this.#arrowsOf();
    this.paint();
    drawArrows(this.#host, this.#arrows);
  }

  /** Lights the entries of a walk. */
  light(steps: readonly WalkStep[]): void {
    this.#lit = steps;
    this.paint();
  }

  paint(): void {
    for (const { node, canvas, cursor } of this.#drawn) {
      const lit = this.#litIn(node);
      drawGrid(canvas, node, this.#sizes, { cursor: document.activeElement === canvas ? cursor : null, lit });
      canvas.parentElement?.classList.toggle("on-walk", lit.length > 0);
    }
  }

  #litIn({ level, paddr, items, cells }: TableNode): number[] {
    const bytes = (step: WalkStep): number => step.entryPaddr - paddr;
    const itemBytes = this.#itemBytes;
    return this.#lit
      .filter((step) => step.level === level && bytes(step) >= 0 && bytes(step) < items * itemBytes)
      .map((step) => bytes(step) / itemBytes)
      .filter((index) => Number.isInteger(index) && (cells.has(index) || index < items));
  }

  #band(level: number, covers: number, nodes: readonly TableNode[]): HTMLElement | null {
    if (nodes.length === 0) return null;
    const shown = nodes.slice(0, MOST_DRAWN);
    const more = nodes.length - shown.length;
    const heading = h(
      "h3",
      {},
      `Level ${level}`,
      h("span", { class: "quiet" }, ` one entry covers ${sizeText(covers)}`),
    );
    const rest = more > 0 ? [h("p", { class: "quiet" }, `and ${more} more: zoom in`)] : [];
    const tables = h("div", { class: "tables" }, ...shown.map((node) => this.#figure(node)), ...rest);
    return h("section", { class: "band", "aria-label": `level ${level}` }, heading, tables);
  }

  #figure(node: TableNode): HTMLElement {
    const from = node.parents.length;
    const used = node.cells.size;
    const sharing = from > 1 ? `, shared by ${from} entries` : "";
    const words = `${used === 0 ? "empty table" : `${used} of ${node.items} entries`}${sharing}`;
    const label = `Table of level ${node.level} at ${hex(node.paddr)}, ${words}`;
    const canvas = h("canvas", {
      tabindex: 0,
      role: "application",
      "aria-label": `${label}. Arrow keys move, Enter opens, Z zooms.`,
    });
    const drawn: Drawn = { node, canvas, cursor: [...node.cells.keys()][0] ?? 0 };
    this.#drawn.push(drawn);
    this.#listen(drawn);
    const caption = h("figcaption", {}, h("code", { class: "at" }, hex(node.paddr)), ` ${words}`);
    return h("figure", { class: `${used === 0 ? "is-empty" : ""}${from > 1 ? " is-shared" : ""}` }, canvas, caption);
  }

  #listen(drawn: Drawn): void {
    const { node, canvas } = drawn;
    const under = (event: MouseEvent): number | null => cellAt(canvas, node, event.offsetX, event.offsetY);
    const say = (index: number | null): void => {
      this.#hint.textContent = index === null ? "" : cellText(node, index);
    };
    canvas.addEventListener("mousemove", (event) => say(under(event)));
    canvas.addEventListener("click", (event) => {
      const index = under(event);
      if (index === null) return;
      drawn.cursor = index;
      this.#events.entry(node, index);
      this.paint();
    });
    canvas.addEventListener("dblclick", (event) => this.#zoomTo(node, under(event)));
    canvas.addEventListener("focus", () => this.paint());
    canvas.addEventListener("blur", () => this.paint());
    canvas.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") this.#events.entry(node, drawn.cursor);
      else if (event.key === "z") this.#zoomTo(node, drawn.cursor);
      else if (!this.#move(drawn, event.key)) return;
      event.preventDefault();
      say(drawn.cursor);
      this.paint();
    });
  }

  #move(drawn: Drawn, key: string): boolean {
    const columns = columnsOf(drawn.node);
    const last = drawn.node.items - 1;
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, Home: -last, End: last }[key];
    if (by === undefined) return false;
    drawn.cursor = Math.max(0, Math.min(last, drawn.cursor + by));
    return true;
  }

  #zoomTo(node: TableNode, index: number | null): void {
    if (index === null) return;
    this.#events.zoom({ start: node.iova + BigInt(index) * BigInt(node.covers), size: BigInt(node.covers) });
  }

  #arrowsOf(): Arrow[] {
    const canvasOf = new Map(this.#drawn.map(({ node, canvas }) => [node, canvas]));
    const arrows = this.#drawn.flatMap(({ node, canvas: to }) =>
      runsOf(node).flatMap((run) => {
        const canvas = canvasOf.get(run.from);
        return canvas === undefined ? [] : [{ ...run, canvas, to, shared: node.parents.length > 1 }];
      }),
    );
    const leaving = (from: TableNode): number => arrows.filter((arrow) => arrow.from === from).length;
    return arrows.map((arrow) => ({ ...arrow, many: leaving(arrow.from) > FAINT_FROM }));
  }
}
