// Arrows from entries to the tables that they point to.
import { middleOf } from "./grid.js";
import type { TableNode } from "./tree.js";

/** Entries side by side that point to the same table get one arrow. */
export interface Run {
  readonly from: TableNode;
  readonly index: number;
  readonly count: number;
}

export interface Arrow extends Run {
  readonly canvas: HTMLCanvasElement;
  readonly to: HTMLCanvasElement;
  readonly shared: boolean;
  /** Whether so many leave the table that each has to be faint. */
  readonly many: boolean;
}

const SVG = "http://www.w3.org/2000/svg";

export function runsOf(node: TableNode): Run[] {
  const runs: { from: TableNode; index: number; count: number }[] = [];
  for (const { from, index } of node.parents) {
    const last = runs.at(-1);
    if (last !== undefined && last.from === from && last.index + last.count === index) last.count++;
    else runs.push({ from, index, count: 1 });
  }
  return runs;
}

function element(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

function arrowParts(origin: DOMRect, arrow: Arrow): SVGElement[] {
  const [from, to] = [arrow.canvas.getBoundingClientRect(), arrow.to.getBoundingClientRect()];
  const middle = middleOf(arrow.from, arrow.index);
  const [x1, y1] = [from.left - origin.left + middle.x, from.top - origin.top + middle.y];
  const [x2, y2] = [to.left - origin.left + to.width * 0.85, to.top - origin.top - 2];
  const bend = Math.max(24, (y2 - y1) / 2);
  const name = `arrow${arrow.shared ? " shared" : ""}${arrow.many ? " many" : ""}`;
  const path = element("path", {
    class: name,
    d: `M${x1} ${y1} C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2 - 5}`,
  });
  const head = element("path", {
    class: `${name} head`,
    d: `M${x2 - 4} ${y2 - 6} L${x2 + 4} ${y2 - 6} L${x2} ${y2} Z`,
  });
  if (arrow.count === 1) return [path, head];
  const label = element("text", { class: "arrow-label", x: (x1 + x2) / 2 + 6, y: (y1 + y2) / 2 });
  label.textContent = `${arrow.count} entries`;
  return [path, head, label];
}

/** Draws them over the host, anew. */
export function drawArrows(host: HTMLElement, arrows: readonly Arrow[]): void {
  host.querySelector("svg.arrows")?.remove();
  const origin = host.getBoundingClientRect();
  const svg = element("svg", { class: "arrows", "aria-hidden": "true", width: origin.width, height: origin.height });
  for (const arrow of arrows) svg.append(...arrowParts(origin, arrow));
  host.append(svg);
}
