// Changing the table by typing; a range that was dragged over stands in the same fields.
import { Prot } from "io-pgtable";
import { type Change, OPERATIONS, type Operation } from "./changes.js";
import { field, h, option } from "./dom.js";
import { hex, PROT_FLAGS, parseNumber, protText, sizeText } from "./numbers.js";
import type { View } from "./stage.js";

export interface ChangeEvents {
  readonly apply: (change: Change) => void;
  readonly undo: () => void;
  readonly redo: () => void;
  readonly clear: () => void;
}

const NEEDS_TARGET: readonly Operation[] = ["map", "repeat", "replace"];

export class ChangePanel {
  readonly #op = h("select", { name: "op" }, ...OPERATIONS.map((op) => option(op, op, op === "map")));
  readonly #iova = h("input", { name: "iova", value: "0x400000", spellcheck: "false", autocomplete: "off" });
  readonly #size = h("input", { name: "size", value: "2M", spellcheck: "false", autocomplete: "off" });
  readonly #paddr = h("input", { name: "paddr", value: "0xc0000000", spellcheck: "false", autocomplete: "off" });
  readonly #period = h("input", { name: "period", value: "64K", spellcheck: "false", autocomplete: "off" });
  readonly #flags = PROT_FLAGS.map(([name, flag]) => {
    const box = h("input", { type: "checkbox", name });
    box.checked = flag === Prot.READ || flag === Prot.WRITE;
    return { box, flag, name };
  });
  readonly #problem = h("p", { class: "problem", role: "alert" });
  readonly #list = h("ol", { class: "changes", "aria-label": "changes so far" });
  readonly #undo: HTMLButtonElement;
  readonly #redo: HTMLButtonElement;

  constructor(host: HTMLElement, events: ChangeEvents) {
    this.#undo = h("button", { type: "button", name: "undo", click: events.undo }, "Undo");
    this.#redo = h("button", { type: "button", name: "redo", click: events.redo }, "Redo");
    const clear = h("button", { type: "button", name: "clear", click: events.clear }, "Clear");
    const target = field("To physical address", this.#paddr);
    const period = field("Repeat every", this.#period);
    const flags = h("fieldset", { class: "flags" }, h("legend", {}, "Allows"));
    flags.append(...this.#flags.map(({ box, name }) => h("label", { class: "check" }, box, name.toLowerCase())));
    const form = h(
      "form",
      {},
      field("Do", this.#op),
      field("At address", this.#iova),
      field("Size", this.#size),
      target,
      period,
      flags,
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "submit", class: "main", name: "apply" }, "Apply"),
        this.#undo,
        this.#redo,
        clear,
      ),
    );
    const showNeeded = (): void => {
      const op = this.#op.value as Operation;
      target.hidden = !NEEDS_TARGET.includes(op);
      period.hidden = op !== "repeat";
      flags.hidden = op === "unmap";
    };
    this.#op.addEventListener("change", showNeeded);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const change = this.#read();
      if (change !== null) events.apply(change);
    });
    showNeeded();
    host.append(form, this.#problem, h("h3", {}, "So far"), this.#list);
  }

  /** A range that was chosen on the address line. */
  choose({ start, size }: View): void {
    this.#iova.value = hex(start);
    this.#size.value = sizeText(size);
  }

  say(problem: string): void {
    this.#problem.textContent = problem;
  }

  show(changes: readonly Change[], redoable: boolean): void {
    this.#undo.disabled = changes.length === 0;
    this.#redo.disabled = !redoable;
    this.#list.replaceChildren(...changes.map((change) => h("li", {}, changeText(change))));
  }

  #read(): Change | null {
    const op = this.#op.value as Operation;
    const read = (input: HTMLInputElement, what: string): bigint | null => {
      const found = parseNumber(input.value);
      input.setAttribute("aria-invalid", String(found === null));
      if (found === null) this.say(`${what}: give a number such as 0x1000, 4096 or 4K`);
      return found;
    };
    const iova = read(this.#iova, "Address");
    const size = read(this.#size, "Size");
    const paddr = NEEDS_TARGET.includes(op) ? read(this.#paddr, "Physical address") : 0n;
    const period = op === "repeat" ? read(this.#period, "Repeat every") : 0n;
    if (iova === null || size === null || paddr === null || period === null) return null;
    const prot = this.#flags.reduce((all, { box, flag }) => (box.checked ? all | flag : all), 0);
    return { op, iova, size, paddr, period, prot: op === "unmap" ? 0 : prot };
  }
}

function changeText({ op, iova, size, paddr, period, prot }: Change): string {
  if (op === "flush") return "flush";
  const range = `${op} ${sizeText(size)} at ${hex(iova)}`;
  if (op === "unmap") return range;
  if (op === "protect") return `${range}: ${protText(prot)}`;
  const every = op === "repeat" ? `, every ${sizeText(period)}` : "";
  return `${range} to ${hex(paddr)}${every}: ${protText(prot)}`;
}
