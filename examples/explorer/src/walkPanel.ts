// The walk to an address, level by level, and what the device beside it still remembers.
import type { WalkStep } from "io-pgtable";
import { field, h } from "./dom.js";
import { hex, parseNumber, sizeText } from "./numbers.js";
import { Session } from "./session.js";
import type { Source } from "./source.js";

export interface WalkEvents {
  /** The entries reached so far. */
  readonly reached: (steps: readonly WalkStep[]) => void;
  readonly address: (address: bigint) => void;
  readonly hold: (on: boolean) => void;
  readonly flush: () => void;
}

const STEP_MS = 350;

const WORDS = {
  table: "leads to the next table",
  leaf: "is a leaf",
  empty: "is empty: fault",
  invalid: "is invalid: fault",
};

export class WalkPanel {
  readonly #address = h("input", { name: "address", value: "0x2345", spellcheck: "false", autocomplete: "off" });
  readonly #steps = h("ol", { class: "steps", "aria-live": "polite" });
  readonly #result = h("p", { class: "summary" });
  readonly #hold = h("input", { type: "checkbox", name: "hold" });
  readonly #flush: HTMLButtonElement;
  readonly #device = h("dl", { class: "device" });
  readonly #verdict = h("p", { class: "verdict", role: "status" });
  readonly #log = h("ol", { class: "changes", "aria-label": "flushes" });
  readonly #events: WalkEvents;
  #timer = 0;

  constructor(host: HTMLElement, events: WalkEvents) {
    this.#events = events;
    this.#flush = h("button", { type: "button", class: "main", name: "flush", click: events.flush }, "Flush");
    this.#hold.addEventListener("change", () => events.hold(this.#hold.checked));
    const form = h(
      "form",
      { class: "row" },
      field("Address", this.#address),
      h("button", { type: "submit", class: "main", name: "walk" }, "Walk"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const address = parseNumber(this.#address.value);
      this.#address.setAttribute("aria-invalid", String(address === null));
      if (address !== null) events.address(address);
      else this.#result.textContent = "Give an address such as 0x2345.";
    });
    host.append(
      form,
      this.#steps,
      this.#result,
      h("h3", {}, "The device beside it"),
      h(
        "p",
        { class: "quiet" },
        "It keeps every translation that it ever saw, and forgets only what a flush names. Hold flushes back, unmap something, and look here.",
      ),
      h("div", { class: "row" }, h("label", { class: "check" }, this.#hold, "hold flushes back"), this.#flush),
      this.#device,
      this.#verdict,
      this.#log,
    );
  }

  show(source: Source, address: bigint | null, hold: boolean, animate: boolean): void {
    clearInterval(this.#timer);
    this.#hold.checked = hold;
    if (address === null) {
      this.#steps.replaceChildren();
      this.#result.textContent = "";
      this.#events.reached([]);
      this.#showDevice(source, null, null);
      return;
    }
    this.#address.value = hex(address);
    this.#showWalk(source, address, animate);
  }

  #showWalk(source: Source, address: bigint, animate: boolean): void {
    let steps: WalkStep[];
    try {
      steps = source.table.walk(address);
    } catch (error) {
      steps = [];
      this.#result.textContent = error instanceof Error ? error.message : String(error);
    }
    const to = steps.length === 0 ? null : source.table.iovaToPhys64(address);
    const finish = (): void => {
      if (steps.length > 0) {
        this.#result.textContent =
          to === null ? `${hex(address)} is not mapped: the device gets a fault.` : `${hex(address)} → ${hex(to)}`;
      }
      this.#showDevice(source, address, to);
    };
    const still = !animate || matchMedia("(prefers-reduced-motion: reduce)").matches;
    let reached = still ? steps.length : Math.min(1, steps.length);
    this.#reach(steps, reached);
    if (reached === steps.length) finish();
    else {
      this.#result.textContent = "";
      this.#timer = window.setInterval(() => {
        reached++;
        this.#reach(steps, reached);
        if (reached < steps.length) return;
        clearInterval(this.#timer);
        finish();
      }, STEP_MS);
    }
  }

  #reach(steps: readonly WalkStep[], count: number): void {
    const shown = steps.slice(0, count);
    this.#steps.replaceChildren(
      ...shown.map(({ level, entryPaddr, entry, kind, size }) =>
        h(
          "li",
          {},
          h("strong", {}, `Level ${level}`),
          ` entry at `,
          h("code", {}, hex(entryPaddr)),
          ` = `,
          h("code", {}, hex(entry)),
          `, for ${sizeText(size)}, ${WORDS[kind]}`,
        ),
      ),
    );
    this.#events.reached(shown);
  }

  #showDevice(source: Source, address: bigint | null, to: bigint | null): void {
    const session = source instanceof Session ? source : null;
    this.#flush.disabled = session === null || session.held === 0;
    this.#log.replaceChildren(...(session?.flushes.slice(-8) ?? []).map((text) => h("li", {}, `flushed ${text}`)));
    this.#device.replaceChildren();
    this.#verdict.className = "verdict";
    if (session?.tlb == null) {
      this.#verdict.textContent =
        session === null
          ? "The device watches only the table that you build."
          : "This table is too large for the device to watch.";
      return;
    }
    if (address === null || address >> BigInt(source.table.ias) !== 0n) {
      this.#verdict.textContent = session.held === 0 ? "" : heldText(session.held);
      return;
    }
    const device = session.tlb.access(address);
    const words = (found: bigint | number | null): string => (found === null ? "fault" : hex(found));
    this.#device.append(
      h("dt", {}, "the table says"),
      h("dd", {}, words(to)),
      h("dt", {}, "the device may use"),
      h("dd", {}, words(device)),
    );
    const stale = (device === null ? null : BigInt(device)) !== to;
    this.#verdict.classList.add(stale ? "stale" : "fresh");
    this.#verdict.textContent = stale
      ? `✕ Stale: until the flush comes the device may reach ${words(device)}, which may be somebody else's memory by then. ${heldText(session.held)}`
      : `✓ Both agree. ${session.held === 0 ? "" : heldText(session.held)}`;
  }
}

function heldText(held: number): string {
  return `Flushes held back of ${held} ${held === 1 ? "change" : "changes"}.`;
}
