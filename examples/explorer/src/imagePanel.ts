// Opening the page tables of a real kernel.
import { field, h, option } from "./dom.js";
import { SAMPLES, takeFiles } from "./file.js";
import { choiceOf } from "./formats.js";
import { type Place, pageCount, placesOf, TableImage } from "./image.js";

export class ImagePanel {
  readonly #shown: () => void;
  readonly #problem = h("p", { class: "problem", role: "alert" });
  readonly #place = h("select", { name: "place" });
  readonly #choice = field("Table", this.#place);
  readonly #about = h("p", { class: "summary" });
  readonly #addresses = h("ul", { class: "changes", "aria-label": "mapped here" });
  #places: readonly Place[] = [];
  #image: TableImage | null = null;
  /** Whether it is the sample beside the page. */
  isSample = false;

  constructor(host: HTMLElement, shown: () => void) {
    this.#shown = shown;
    const input = h("input", { type: "file", name: "image" });
    const zone = h(
      "div",
      { class: "drop" },
      h("p", {}, "Drop a file of snapshots (.tables.json) here, plain or gzip"),
      input,
    );
    takeFiles(zone, input, (_, text) => this.load(text));
    const sample = h(
      "button",
      { type: "button", name: "sample-image", click: () => void this.loadSample() },
      "Open a Linux kernel's tables",
    );
    this.#place.addEventListener("change", () => this.#open());
    this.#choice.hidden = true;
    host.append(zone, sample, this.#problem, this.#choice, this.#about, this.#addresses);
  }

  get image(): TableImage | null {
    return this.#image;
  }

  async loadSample(): Promise<void> {
    this.load(await SAMPLES.image());
    this.isSample = true;
    this.#shown();
  }

  load(text: string): void {
    this.isSample = false;
    this.#problem.textContent = "";
    try {
      this.#places = placesOf(text);
    } catch (error) {
      this.#problem.textContent = error instanceof Error ? error.message : String(error);
      return;
    }
    this.#place.replaceChildren(
      ...this.#places.map((place, index) =>
        option(index, `${place.snapshot}, root ${place.root}, ${pageCount(place)} pages`, index === 0),
      ),
    );
    this.#choice.hidden = false;
    this.#open();
  }

  #open(): void {
    const place = this.#places[Number(this.#place.value)];
    if (place === undefined) return;
    try {
      const image = new TableImage(place);
      this.#image = image;
      const { label } = choiceOf(image.setup.format);
      this.#about.textContent = `${label}, ${image.setup.ias} bits, ${image.table.stats().tablePages} table pages. Walk it in “Walk”; some of what it maps:`;
      const some = [...image.table.mappings()].slice(0, 6);
      this.#addresses.replaceChildren(...some.map(({ iova }) => h("li", {}, h("code", {}, `0x${iova.toString(16)}`))));
      this.#shown();
    } catch (error) {
      this.#problem.textContent = error instanceof Error ? error.message : String(error);
    }
  }
}
