// Light or dark: as the system has it, or as the button says.
import { byId, forgetColours } from "./dom.js";

export function startTheme(changed: () => void): void {
  const button = byId("theme", HTMLButtonElement);
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = (): boolean => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const label = (): void => {
    button.textContent = isDark() ? "Light" : "Dark";
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    label();
    forgetColours();
    changed();
  });
  system.addEventListener("change", () => {
    label();
    forgetColours();
    changed();
  });
  label();
}
