// Three curves over the events of a film: what is mapped, table pages, flushes. Each has its own dash and its name.
import { colour, h } from "./dom.js";
import type { Film, Moment } from "./film.js";
import { bytesText } from "./numbers.js";

interface Curve {
  readonly name: string;
  readonly colour: string;
  readonly dash: readonly number[];
  readonly value: (moment: Moment) => number;
  readonly text: (value: number) => string;
}

const CURVES: readonly Curve[] = [
  { name: "mapped", colour: "leaf0", dash: [], value: (moment) => moment.mappedBytes, text: bytesText },
  { name: "table pages", colour: "table", dash: [6, 3], value: (moment) => moment.tablePages, text: String },
  { name: "flushes so far", colour: "leaf1", dash: [2, 3], value: (moment) => moment.flushes, text: String },
];
const HEIGHT = 84;

/** Draws the curves, and where the film stands. */
export function drawTimeLine(canvas: HTMLCanvasElement, film: Film): void {
  const width = canvas.clientWidth;
  const draw = canvas.getContext("2d");
  if (draw === null || width === 0) return;
  const scale = Math.max(1, Math.round(devicePixelRatio));
  canvas.width = width * scale;
  canvas.height = HEIGHT * scale;
  draw.scale(scale, scale);
  const last = Math.max(1, film.events.length);
  for (const { colour: name, dash, value } of CURVES) {
    const most = film.moments.reduce((max, moment) => Math.max(max, value(moment)), 1);
    draw.strokeStyle = colour(name);
    draw.lineWidth = 1.5;
    draw.setLineDash([...dash]);
    draw.beginPath();
    for (let x = 0; x <= width; x++) {
      const moment = film.moments[Math.round((x / width) * last)];
      if (moment !== undefined) draw.lineTo(x, HEIGHT - 4 - (value(moment) / most) * (HEIGHT - 10));
    }
    draw.stroke();
  }
  draw.setLineDash([]);
  draw.fillStyle = colour("lit");
  draw.fillRect((film.position / last) * (width - 2), 0, 2, HEIGHT);
}

/** The same as numbers. */
export function momentList(film: Film): HTMLElement {
  const moment = film.moment;
  const rows = CURVES.flatMap(({ name, value, text, colour: key }) => [
    h("dt", {}, h("i", { class: `stroke ${key}` }), name),
    h("dd", {}, text(value(moment))),
  ]);
  const refused = moment.refused === 0 ? [] : [h("dt", {}, "refused"), h("dd", {}, `${moment.refused} events`)];
  return h("dl", { class: "device" }, ...rows, ...refused);
}
