import { logScale, shortNumber } from "./scale.js";
import { box, colourOf, curve, legend, line, picture, text } from "./svg.js";

const WIDTH = 860;
const LEFT = 270;
const RIGHT = 50;
const TOP = 64;
const BAR = 11;
const GROUP_GAP = 12;

export interface BarGroup {
  readonly label: string;
  /** One for each series; undefined where it does not have the row. */
  readonly values: readonly (number | undefined)[];
}

/** Horizontal bars on a logarithmic axis, a group for each row. */
export function barChart(title: string, series: readonly string[], groups: readonly BarGroup[]): string {
  const present = groups.flatMap(({ values }) => values.filter((value) => value !== undefined));
  const scale = logScale(present, LEFT, WIDTH - RIGHT);
  const rows: string[] = [];
  let y = TOP + 10;
  for (const { label, values } of groups) {
    const top = y;
    values.forEach((value, index) => {
      if (value === undefined) return;
      const end = scale.at(value);
      rows.push(box(LEFT, y, end - LEFT, BAR - 2, colourOf(index)));
      rows.push(text(end + 4, y + BAR - 3, shortNumber(value), { className: "small" }));
      y += BAR;
    });
    rows.push(text(LEFT - 8, (top + y) / 2 + 4, label, { anchor: "end" }));
    y += GROUP_GAP;
  }
  const grid = scale.ticks.flatMap((tick) => [
    line(scale.at(tick), TOP, scale.at(tick), y),
    text(scale.at(tick), y + 16, `${shortNumber(tick)}`, { className: "small", anchor: "middle" }),
  ]);
  return picture(WIDTH, y + 30, title, [legend(16, 48, series), ...grid, ...rows]);
}

export interface Curve {
  readonly name: string;
  /** One for each place on the x axis. */
  readonly values: readonly (number | undefined)[];
}

/** Curves over places with names, the y axis logarithmic. */
export function lineChart(title: string, places: readonly string[], curves: readonly Curve[]): string {
  const bottom = 330;
  const present = curves.flatMap(({ values }) => values.filter((value) => value !== undefined));
  const scale = logScale(present, bottom, TOP + 10);
  const left = 60;
  const xOf = (place: number): number => left + 40 + (place * (WIDTH - left - 100)) / Math.max(1, places.length - 1);
  const grid = scale.ticks.flatMap((tick) => [
    line(left, scale.at(tick), WIDTH - 30, scale.at(tick)),
    text(left - 6, scale.at(tick) + 4, shortNumber(tick), { className: "small", anchor: "end" }),
  ]);
  const labels = places.map((place, i) => text(xOf(i), bottom + 20, place, { className: "small", anchor: "middle" }));
  const drawn = curves.map(({ values }, series) =>
    curve(
      values.flatMap((value, i) => (value === undefined ? [] : [[xOf(i), scale.at(value)] as const])),
      colourOf(series),
    ),
  );
  const names = curves.map(({ name }) => name);
  return picture(WIDTH, bottom + 40, title, [legend(16, 48, names), ...grid, ...labels, ...drawn]);
}
