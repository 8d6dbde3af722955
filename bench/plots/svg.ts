// The little of SVG that the plots need: text, lines and boxes in the colours of the page, light or dark.

/** One colour for each series, told apart in grey too. */
export const SERIES_COLOURS: readonly string[] = ["#1f77d0", "#e07b00", "#a8730a", "#7a8b99", "#a05ac8", "#4a9c5d"];

const STYLE = `text { font: 12px sans-serif; fill: #1c2026; } .title { font-size: 15px; font-weight: bold; } .small { font-size: 11px; }
.axis { stroke: #c4c9d0; } .page { fill: #ffffff; }
@media (prefers-color-scheme: dark) { text { fill: #e4e7eb; } .axis { stroke: #4a515c; } .page { fill: #15181d; } }`;

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
/** Tenths of a pixel, so that a plot of the same numbers is the same text. */
const px = (value: number): string => `${Math.round(value * 10) / 10}`;

export interface TextStyle {
  readonly className?: "title" | "small";
  readonly anchor?: "start" | "middle" | "end";
}

export function text(x: number, y: number, content: string, { className, anchor = "start" }: TextStyle = {}): string {
  const styled = className === undefined ? "" : ` class="${className}"`;
  return `<text x="${px(x)}" y="${px(y)}" text-anchor="${anchor}"${styled}>${escaped(content)}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="axis" x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}"/>`;
}

export function box(x: number, y: number, width: number, height: number, colour: string): string {
  return `<rect x="${px(x)}" y="${px(y)}" width="${px(Math.max(width, 1))}" height="${px(height)}" fill="${colour}"/>`;
}

export function curve(points: readonly (readonly [number, number])[], colour: string): string {
  const path = points.map(([x, y]) => `${px(x)},${px(y)}`).join(" ");
  const dots = points.map(([x, y]) => `<circle cx="${px(x)}" cy="${px(y)}" r="3" fill="${colour}"/>`).join("");
  return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots}`;
}

export function picture(width: number, height: number, title: string, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${px(width)} ${px(height)}" role="img">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
<rect class="page" width="100%" height="100%"/>
${text(16, 26, title, { className: "title" })}
${parts.join("\n")}
</svg>
`;
}

/** A row of coloured squares with what they stand for. */
export function legend(x: number, y: number, names: readonly string[]): string {
  let at = x;
  return names
    .map((name, index) => {
      const mark = `${box(at, y - 9, 10, 10, colourOf(index))}${text(at + 15, y, name, { className: "small" })}`;
      at += 32 + name.length * 6.2;
      return mark;
    })
    .join("");
}

export const colourOf = (series: number): string => SERIES_COLOURS[series % SERIES_COLOURS.length] ?? "#000000";
