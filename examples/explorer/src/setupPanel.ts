// Picking a format and its configuration.
import { byId, field, h, option } from "./dom.js";
import { CHOICES, choiceOf, type Setup, usualSetup } from "./formats.js";
import { sizeText } from "./numbers.js";

function choose(
  label: string,
  name: string,
  values: readonly number[],
  chosen: number,
  text: (value: number) => string,
  changed: (value: number) => void,
): HTMLElement {
  const select = h(
    "select",
    { name, change: (event) => changed(Number((event.target as HTMLSelectElement).value)) },
    ...values.map((value) => option(value, text(value), value === chosen)),
  );
  select.disabled = values.length === 1;
  return field(label, select);
}

/** Draws the choices for this setup. */
export function showSetup(setup: Setup, changed: (setup: Setup) => void): void {
  const choice = choiceOf(setup.format);
  const formats = h(
    "select",
    { name: "format", change: (event) => changed(usualSetup(choiceOf((event.target as HTMLSelectElement).value))) },
    ...CHOICES.map(({ name, label }) => option(name, label, name === setup.format)),
  );
  const bits = (value: number): string => `${value} bits`;
  const controls = [
    field("Format", formats),
    choose("Addresses", "ias", choice.ias, setup.ias, bits, (ias) => changed({ ...setup, ias })),
    choose("To physical", "oas", choice.oas, setup.oas, bits, (oas) => changed({ ...setup, oas })),
    choose(
      "Smallest page",
      "page",
      choice.pages,
      setup.page,
      (page) => sizeText(2 ** page),
      (page) => changed({ ...setup, page }),
    ),
  ];
  if (choice.extra !== undefined) {
    const toggle = h("input", {
      type: "checkbox",
      name: "extra",
      change: () => changed({ ...setup, extra: toggle.checked }),
    });
    toggle.checked = setup.extra;
    controls.push(h("label", { class: "check" }, toggle, choice.extra.label));
  }
  byId("setup", HTMLElement).replaceChildren(...controls);
}
