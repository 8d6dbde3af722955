// The address space as a line: what is mapped stands on it, and a range is chosen by dragging or with the keys.
import { colour, h } from "./dom.js";
import { shadeOf } from "./grid.js";
import { hex, sizeText } from "./numbers.js";
import type { Source } from "./source.js";
import type { View } from "./stage.js";

const HEIGHT = 36;
const MOST_RUNS = 4000;
/** Steps of the line that a range snaps to. */
const STEPS = 128n;

export interface LineEvents {
  readonly chosen: (range: View) => void;
  readonly zoom: (view: View) => void;
}

export class AddressLine {
  readonly #canvas = h("canvas", { class: "line", tabindex: 0, role: "application" });
  readonly #ends = h("div", { class: "ends" });
  readonly #events: LineEvents;
  #source: Source | null = null;
  #view: View = { start: 0n, size: 1n };
  #anchor: bigint | null = null;
  #range: View | null = null;

  constructor(host: HTMLElement, events: LineEvents) {
    this.#events = events;
    host.append(this.#canvas, this.#ends);
    this.#canvas.setAttribute(
      "aria-label",
      "Address space. Drag to choose a range. Keys: arrows move, Shift and arrows extend, plus and minus zoom.",
    );
    this.#canvas.addEventListener("pointerdown", (event) => this.#press(event));
    this.#canvas.addEventListener("pointermove", (event) => this.#drag(event));
    this.#canvas.addEventListener("pointerup", () => this.#release());
    this.#canvas.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#paint()).observe(host);
  }

  show(source: Source, view: View, range: View | null): void {
    this.#source = source;
    this.#view = view;
    this.#range = range;
    this.#ends.replaceChildren(
      h("code", {}, hex(view.start)),
      h("span", {}, sizeText(view.size)),
      h("code", {}, hex(view.start + view.size - 1n)),
    );
    this.#paint();
  }

  /** The smallest range that can be chosen here. */
  get #step(): bigint {
    const page = BigInt(this.#source?.table.pageSizes[0] ?? 4096);
    const step = this.#view.size / STEPS;
    return step > page ? step - (step % page) : page;
  }

  #addressAt(event: PointerEvent): bigint {
    const { left, width } = this.#canvas.getBoundingClientRect();
    const part = Math.max(0, Math.min(0.999999, (event.clientX - left) / width));
    const offset = (this.#view.size * BigInt(Math.round(part * 1e6))) / 1_000_000n;
    return this.#view.start + offset - (offset % this.#step);
  }

  #press(event: PointerEvent): void {
    this.#canvas.setPointerCapture(event.pointerId);
    this.#anchor = this.#addressAt(event);
    this.#range = { start: this.#anchor, size: this.#step };
    this.#paint();
  }

  #drag(event: PointerEvent): void {
    if (this.#anchor === null) return;
    const at = this.#addressAt(event);
    const [low, high] = at < this.#anchor ? [at, this.#anchor] : [this.#anchor, at];
    this.#range = { start: low, size: high - low + this.#step };
    this.#paint();
  }

  #release(): void {
    this.#anchor = null;
    if (this.#range !== null) this.#events.chosen(this.#range);
  }

  #key(event: KeyboardEvent): void {
    const { start, size } = this.#view;
    const step = this.#step;
    const range = this.#range ?? { start, size: step };
    const by = { ArrowRight: step, ArrowLeft: -step }[event.key];
    if (by !== undefined) {
      const moved = event.shiftKey
        ? { start: range.start, size: range.size + by }
        : { start: range.start + by, size: range.size };
      if (moved.size >= step && moved.start >= start && moved.start + moved.size <= start + size) {
        this.#range = moved;
        this.#events.chosen(moved);
      }
    } else if (event.key === "+" || event.key === "=") this.#events.zoom({ start: range.start, size: range.size });
    else if (event.key === "-") this.#events.zoom({ start: 0n, size: 0n });
    else return;
    event.preventDefault();
    this.#paint();
  }

  #paint(): void {
    const source = this.#source;
    const width = this.#canvas.clientWidth;
    const draw = this.#canvas.getContext("2d");
    if (source === null || draw === null || width === 0) return;
    const scale = Math.max(1, Math.round(devicePixelRatio));
    this.#canvas.width = width * scale;
    this.#canvas.height = HEIGHT * scale;
    draw.scale(scale, scale);
    const x = (address: bigint): number =>
      (Number(((address - this.#view.start) * 1_000_000n) / this.#view.size) / 1e6) * width;
    let runs = 0;
    for (const { iova, size, pageSize } of source.table.mappings(this.#view.start, Number(this.#view.size))) {
      if (runs++ === MOST_RUNS) break;
      const from = x(iova);
      const shade = shadeOf(pageSize, source.table.pageSizes);
      draw.fillStyle = colour(`leaf${shade}`);
      // A page is far less than a pixel of the whole space; larger leaves stand higher.
      const top = 18 - 6 * shade;
      draw.fillRect(from, top, Math.max(2, x(iova + BigInt(size)) - from), HEIGHT - top);
    }
    if (this.#range === null) return;
    const from = x(this.#range.start);
    draw.strokeStyle = colour("lit");
    draw.lineWidth = 2;
    draw.strokeRect(from + 1, 1, Math.max(3, x(this.#range.start + this.#range.size) - from - 2), HEIGHT - 2);
  }
}
