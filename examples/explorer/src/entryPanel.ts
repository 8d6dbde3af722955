// One entry: its bits as a ruler, its fields in words, and what a flipped bit changes.
import type { EntryDescription, EntryReader } from "io-pgtable/entries";
import { field, h, option } from "./dom.js";
import { hex, protText, sizeText } from "./numbers.js";

export interface ShownEntry {
  readonly level: number;
  readonly word: bigint;
}

const TINTS = 6;

function summary({ kind, size, items, paddr, prot }: EntryDescription): string {
  if (paddr === null)
    return kind === "empty" ? "Empty: nothing is mapped here." : "Invalid: the walk ends here with a fault.";
  if (kind === "table") return `The next table is at ${hex(paddr)}.`;
  const run = items > 1 ? `, one of ${items} entries` : "";
  return `A leaf of ${sizeText(size)}${run}: to ${hex(paddr)}, allows ${protText(prot ?? 0)}.`;
}

export class EntryPanel {
  readonly #word = h("input", { name: "word", spellcheck: "false", autocomplete: "off", size: 20 });
  readonly #level = h("select", { name: "level" });
  readonly #ruler = h("div", { class: "ruler", role: "group", "aria-label": "bits, highest first" });
  readonly #summary = h("p", { class: "summary", "aria-live": "polite" });
  readonly #changed = h("ul", { class: "changed", "aria-label": "what the flipped bits change" });
  readonly #fields = h("tbody");
  readonly #manual = h("p", { class: "quiet" });
  readonly #changedTo: (entry: ShownEntry) => void;
  #reader: EntryReader | null = null;
  /** What the flipped bits are compared with. */
  #before = 0n;
  #entry: ShownEntry = { level: 0, word: 0n };

  constructor(host: HTMLElement, changed: (entry: ShownEntry) => void) {
    this.#changedTo = changed;
    const read = (): void => this.#pasted();
    this.#word.addEventListener("change", read);
    this.#level.addEventListener("change", read);
    const back = h("button", { type: "button", name: "restore", click: () => this.#go(this.#before) }, "Restore");
    const head = ["Bits", "Field", "Value", "Means, and where the manual says so"].map((text) =>
      h("th", { scope: "col" }, text),
    );
    const table = h("table", { class: "fields" }, h("thead", {}, h("tr", {}, ...head)), this.#fields);
    host.append(
      h("p", { class: "quiet" }, "Choose an entry in a table, or paste one. A click on a bit flips it."),
      h("div", { class: "row" }, field("Entry", this.#word), field("Read at level", this.#level), back),
      this.#ruler,
      this.#summary,
      this.#changed,
      table,
      this.#manual,
    );
  }

  /** An entry that was chosen: flipped bits are compared with it. */
  show(reader: EntryReader, entry: ShownEntry | null): void {
    this.#reader = reader;
    const level = reader.levels.some((each) => each.level === entry?.level)
      ? entry?.level
      : reader.levels.at(-1)?.level;
    this.#entry = { level: level ?? 0, word: BigInt.asUintN(reader.bits, entry?.word ?? 0n) };
    this.#before = this.#entry.word;
    this.#level.replaceChildren(
      ...reader.levels.map((each) => option(each.level, `${each.level}`, each.level === level)),
    );
    this.#draw();
  }

  #pasted(): void {
    const text = this.#word.value.trim().replace(/^0x/i, "").replaceAll("_", "");
    const good =
      /^[0-9a-f]{1,16}$/i.test(text) &&
      this.#reader !== null &&
      BigInt(`0x${text}`) >> BigInt(this.#reader.bits) === 0n;
    this.#word.setAttribute("aria-invalid", String(!good));
    if (!good) {
      this.#summary.textContent = `Give the entry in hexadecimal, at most ${this.#reader?.bits ?? 64} bits.`;
      return;
    }
    this.#before = BigInt(`0x${text}`);
    this.#entry = { level: Number(this.#level.value), word: this.#before };
    this.#draw();
    this.#changedTo(this.#entry);
  }

  #go(word: bigint): void {
    this.#entry = { ...this.#entry, word };
    this.#draw();
    this.#changedTo(this.#entry);
  }

  #draw(): void {
    const reader = this.#reader;
    if (reader === null) return;
    const { level, word } = this.#entry;
    const now = reader.describe(word, level);
    this.#word.value = hex(word);
    this.#word.setAttribute("aria-invalid", "false");
    this.#summary.textContent = summary(now);
    this.#manual.textContent = reader.manual;
    this.#drawRuler(reader.bits, now);
    const rows = now.fields.map(({ bits, name, value, says, section }, index) =>
      h(
        "tr",
        {},
        h("td", {}, h("code", {}, bits)),
        h("th", { scope: "row", class: `tint${index % TINTS}` }, name),
        h("td", {}, h("code", {}, hex(value))),
        h("td", {}, says, h("small", {}, section)),
      ),
    );
    if (now.reserved !== 0n)
      rows.push(
        h(
          "tr",
          {},
          h("td"),
          h("th", { scope: "row", class: "undefined" }, "reserved"),
          h("td", {}, h("code", {}, hex(now.reserved))),
          h("td", {}, "bits that the format does not define"),
          h("td"),
        ),
      );
    this.#fields.replaceChildren(...rows);
    const differences = word === this.#before ? [] : differencesOf(reader.describe(this.#before, level), now);
    this.#changed.replaceChildren(...differences.map((text) => h("li", {}, text)));
  }

  /** Focus stays on the bit that was flipped. */
  #drawRuler(bits: number, { fields }: EntryDescription): void {
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.bit : undefined;
    const buttons = Array.from({ length: bits }, (_, index) => {
      const bit = bits - 1 - index;
      const at = fields.findIndex((each) => isIn(each.bits, bit));
      const name = at < 0 ? "reserved" : (fields[at]?.name ?? "");
      const set = (this.#entry.word >> BigInt(bit)) & 1n;
      const flipped = ((this.#before >> BigInt(bit)) & 1n) !== set;
      const label = `bit ${bit}, ${name}: ${set}${flipped ? ", flipped" : ""}`;
      const classes = `bit ${at < 0 ? "none" : `tint${at % TINTS}`}${flipped ? " flipped" : ""}`;
      const flip = (): void => this.#go(this.#entry.word ^ (1n << BigInt(bit)));
      return h(
        "button",
        {
          type: "button",
          class: classes,
          "data-bit": bit,
          title: label,
          "aria-label": label,
          "aria-pressed": String(set === 1n),
          click: flip,
        },
        h("small", {}, String(bit)),
        String(set),
      );
    });
    this.#ruler.replaceChildren(...buttons);
    if (focused !== undefined) buttons.find((button) => button.dataset.bit === focused)?.focus();
  }
}

function isIn(bits: string, bit: number): boolean {
  const [high = -1, low = high] = bits.split(":").map(Number);
  return bit <= high && bit >= low;
}

function differencesOf(before: EntryDescription, now: EntryDescription): string[] {
  const words = ({ fields }: EntryDescription): Map<string, string> =>
    new Map(fields.map(({ name, value, says }) => [name, says === "" ? hex(value) : says]));
  const [old, fresh] = [words(before), words(now)];
  const names = [...new Set([...old.keys(), ...fresh.keys()])];
  const changed = names
    .filter((name) => old.get(name) !== fresh.get(name))
    .map((name) => `${name}: ${old.get(name) ?? "no such field"} → ${fresh.get(name) ?? "no such field"}`);
  return summary(before) === summary(now) ? changed : [`Was: ${summary(before)}`, `Is: ${summary(now)}`, ...changed];
}
