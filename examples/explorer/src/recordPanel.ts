// A record as a film, on one format or on two side by side.
import { field, h, option } from "./dom.js";
import { SAMPLES, takeFiles } from "./file.js";
import { Film } from "./film.js";
import { CHOICES, choiceOf, type Setup, usualSetup } from "./formats.js";
import { hex, sizeText } from "./numbers.js";
import { parseRecord, type TraceRecord } from "./record.js";
import { drawTimeLine, momentList } from "./timeLine.js";

export interface RecordEvents {
  /** Other tables are to be drawn. */
  readonly shown: () => void;
  readonly position: (at: number) => void;
}

const FRAME_MS = 120;
/** Frames that a whole film has. */
const FRAMES = 150;

export class RecordPanel {
  readonly #events: RecordEvents;
  readonly #problem = h("p", { class: "problem", role: "alert" });
  readonly #about = h("p", { class: "quiet" });
  readonly #controls = h("div", { hidden: true });
  readonly #slider = h("input", { type: "range", name: "position", min: 0, value: 0, "aria-label": "event" });
  readonly #play = h("button", { type: "button", class: "main", name: "play" }, "Play");
  readonly #event = h("p", { class: "summary" });
  readonly #beside = h(
    "select",
    { name: "beside" },
    option("", "no other", true),
    ...CHOICES.map(({ name, label }) => option(name, label, false)),
  );
  readonly #lines = h("div", { class: "films" });
  #record: TraceRecord | null = null;
  #films: readonly Film[] = [];
  #timer = 0;
  /** Whether it is the sample beside the page. */
  isSample = false;

  constructor(host: HTMLElement, events: RecordEvents) {
    this.#events = events;
    const input = h("input", { type: "file", name: "record" });
    const zone = h(
      "div",
      { class: "drop" },
      h("p", {}, "Drop a record of calls or ftrace text here, plain or gzip"),
      input,
    );
    takeFiles(zone, input, (name, text) => this.load(name, text));
    const sample = h(
      "button",
      { type: "button", name: "sample-record", click: () => void this.loadSample(0) },
      "Show an NVMe disk's first seconds",
    );
    const step = (by: number, name: string, text: string): HTMLElement =>
      h("button", { type: "button", name, click: () => this.go(Number(this.#slider.value) + by) }, text);
    this.#slider.addEventListener("input", () => this.go(Number(this.#slider.value)));
    this.#play.addEventListener("click", () => this.#toggle());
    this.#beside.addEventListener("change", () => this.#make(Number(this.#slider.value)));
    this.#controls.append(
      this.#slider,
      h("div", { class: "row" }, this.#play, step(-1, "back", "Step back"), step(1, "forward", "Step")),
      this.#event,
      field("Compare with", this.#beside),
      this.#lines,
    );
    host.append(zone, sample, this.#problem, this.#about, this.#controls);
    new ResizeObserver(() => this.#draw()).observe(this.#lines);
  }

  #setup: Setup = usualSetup(choiceOf("armLpaeS1"));

  /** The format that films are played on. */
  setFormat(setup: Setup): void {
    if (JSON.stringify(setup) === JSON.stringify(this.#setup)) return;
    this.#setup = setup;
    if (this.#record !== null) this.#make(Number(this.#slider.value));
  }

  get film(): Film | null {
    return this.#films[0] ?? null;
  }

  get beside(): Film | null {
    return this.#films[1] ?? null;
  }

  async loadSample(position: number): Promise<void> {
    this.load("an NVMe disk behind an SMMU", await SAMPLES.record());
    this.isSample = true;
    this.go(position === 0 ? Math.round((this.#record?.events.length ?? 0) / 4) : position);
  }

  load(name: string, text: string): void {
    this.isSample = false;
    this.#problem.textContent = "";
    try {
      this.#record = parseRecord(name, text);
    } catch (error) {
      this.#problem.textContent = error instanceof Error ? error.message : String(error);
      return;
    }
    const { events, left } = this.#record;
    this.#about.textContent = `${name}: ${events.length} changes${left === 0 ? "" : `; ${left} more are not shown`}`;
    this.#slider.max = String(events.length);
    this.#controls.hidden = false;
    this.#make(events.length);
  }

  go(position: number): void {
    for (const film of this.#films) film.go(position);
    this.#show();
  }

  #make(position: number): void {
    for (const film of this.#films) film.destroy();
    const events = this.#record?.events ?? [];
    const other = this.#beside.value === "" ? [] : [usualSetup(choiceOf(this.#beside.value))];
    this.#films = [this.#setup, ...other].map((setup) => new Film(setup, events));
    this.go(position);
  }

  #toggle(): void {
    if (this.#timer !== 0) {
      this.#stop();
      return;
    }
    const length = this.#record?.events.length ?? 0;
    const step = Math.max(1, Math.ceil(length / FRAMES));
    if (Number(this.#slider.value) === length) this.go(0);
    this.#play.textContent = "Pause";
    this.#timer = window.setInterval(() => {
      this.go(Number(this.#slider.value) + step);
      if (Number(this.#slider.value) >= length) this.#stop();
    }, FRAME_MS);
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = 0;
    this.#play.textContent = "Play";
  }

  #show(): void {
    const [film] = this.#films;
    if (film === undefined) return;
    const { position, events } = film;
    this.#slider.value = String(position);
    const event = events[position - 1];
    const what = event === undefined ? "nothing yet" : `${event.kind} ${sizeText(event.size)} at ${hex(event.iova)}`;
    this.#event.textContent = `${position} of ${events.length}: ${what}`;
    this.#lines.replaceChildren(
      ...this.#films.map((each) =>
        h(
          "section",
          {},
          h("h3", {}, choiceOf(each.setup.format).label),
          h("canvas", { class: "time" }),
          momentList(each),
        ),
      ),
    );
    this.#draw();
    this.#events.position(position);
    this.#events.shown();
  }

  #draw(): void {
    const canvases = this.#lines.querySelectorAll("canvas");
    this.#films.forEach((film, index) => {
      const canvas = canvases[index];
      if (canvas !== undefined) drawTimeLine(canvas, film);
    });
  }
}
