// One table page as a grid of cells. What a cell is shows in its mark as well as in its colour.
import { colour } from "./dom.js";
import { hex, sizeText } from "./numbers.js";
import type { Cell, TableNode } from "./tree.js";

export const COLUMNS = 32;
const CELL = 8;

/** Leaf sizes of a table's format, smallest first, choose the shade and the number of bars. */
export type LeafSizes = readonly number[];

export function columnsOf(node: TableNode): number {
  return Math.min(COLUMNS, node.items);
}

function rowsOf(node: TableNode): number {
  return Math.ceil(node.items / columnsOf(node));
}

/** Which of the three shades. */
export function shadeOf(size: number, sizes: LeafSizes): number {
  return Math.max(0, Math.min(2, sizes.indexOf(size)));
}

export function cellText(node: TableNode, index: number): string {
  const cell = node.cells.get(index);
  const iova = node.iova + BigInt(index) * BigInt(node.covers);
  const where = `entry ${index}, ${sizeText(node.covers)} at ${hex(iova)}`;
  if (cell === undefined) return `${where}: empty`;
  if (cell.kind === "table") return `${where}: next table at ${hex(cell.paddr ?? 0n)}`;
  if (cell.kind === "leaf") return `${where}: leaf of ${sizeText(cell.size)} to ${hex(cell.paddr ?? 0n)}`;
  return `${where}: invalid`;
}

function drawCell(draw: CanvasRenderingContext2D, x: number, y: number, cell: Cell, sizes: LeafSizes): void {
  const inner = CELL - 1;
  if (cell.kind === "table") {
    draw.fillStyle = colour("table");
    draw.beginPath();
    draw.moveTo(x, y);
    draw.lineTo(x + inner, y + inner / 2);
    draw.lineTo(x, y + inner);
    draw.fill();
    return;
  }
  if (cell.kind === "leaf") {
    const shade = shadeOf(cell.size, sizes);
    draw.fillStyle = colour(`leaf${shade}`);
    draw.fillRect(x, y, inner, inner);
    draw.fillStyle = colour("surface");
    for (let bar = 0; bar < shade; bar++) draw.fillRect(x + 1, y + 2 + 2 * bar, inner - 2, 1);
    return;
  }
  draw.strokeStyle = colour("invalid");
  draw.beginPath();
  draw.moveTo(x + 1, y + 1);
  draw.lineTo(x + inner - 1, y + inner - 1);
  draw.moveTo(x + inner - 1, y + 1);
  draw.lineTo(x + 1, y + inner - 1);
  draw.stroke();
}

function frame(draw: CanvasRenderingContext2D, node: TableNode, index: number, name: string): void {
  const columns = columnsOf(node);
  draw.strokeStyle = colour(name);
  draw.lineWidth = 2;
  draw.strokeRect((index % columns) * CELL, Math.floor(index / columns) * CELL, CELL, CELL);
  draw.lineWidth = 1;
}

export interface Marks {
  /** The cell that the keyboard is at. */
  readonly cursor: number | null;
  /** Cells on the way of a walk. */
  readonly lit: readonly number[];
}

/** Draws at the screen's own resolution. */
export function drawGrid(canvas: HTMLCanvasElement, node: TableNode, sizes: LeafSizes, marks: Marks): void {
  const columns = columnsOf(node);
  const [width, height] = [columns * CELL + 1, rowsOf(node) * CELL + 1];
  const scale = Math.max(1, Math.round(devicePixelRatio));
  canvas.width = width * scale;
  canvas.height = height * scale;
  canvas.style.width = `${width}px`;
  const draw = canvas.getContext("2d");
  if (draw === null) return;
  draw.scale(scale, scale);
  draw.fillStyle = colour("empty");
  for (let index = 0; index < node.items; index++) {
    const [x, y] = [(index % columns) * CELL + 1, Math.floor(index / columns) * CELL + 1];
    const cell = node.cells.get(index);
    if (cell === undefined) draw.fillRect(x, y, CELL - 1, CELL - 1);
    else {
      drawCell(draw, x, y, cell, sizes);
      draw.fillStyle = colour("empty");
    }
  }
  for (const index of marks.lit) frame(draw, node, index, "lit");
  if (marks.cursor !== null) frame(draw, node, marks.cursor, "ink");
}

/** The cell at a point of the drawn grid, in CSS pixels; null beside it. */
export function cellAt(canvas: HTMLCanvasElement, node: TableNode, x: number, y: number): number | null {
  const columns = columnsOf(node);
  const { width, height } = canvas.getBoundingClientRect();
  const column = Math.floor((x / width) * columns);
  const index = Math.floor((y / height) * rowsOf(node)) * columns + column;
  return column >= 0 && column < columns && index >= 0 && index < node.items ? index : null;
}

/** The middle of a cell, in CSS pixels from the canvas's corner. */
export function middleOf(node: TableNode, index: number): { x: number; y: number } {
  const columns = columnsOf(node);
  return { x: ((index % columns) + 0.5) * CELL, y: (Math.floor(index / columns) + 0.5) * CELL };
}
