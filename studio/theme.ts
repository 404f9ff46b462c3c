/** Light, dark, or what the system says. `data-theme` on the root element is what style.css looks at. */
import { h } from "./dom.ts";
import { type Signal, signal } from "./signal.ts";
import type { Language, Words } from "./tab.ts";

export type Theme = "auto" | "light" | "dark";

const order: readonly Theme[] = ["auto", "light", "dark"];
const signs: Readonly<Record<Theme, string>> = { auto: "◐", light: "☀︎", dark: "☾" };
const labels: Readonly<Record<Theme, Words>> = {
  auto: { en: "Theme: as the system's", zh: "主题：跟随系统" },
  light: { en: "Theme: light", zh: "主题：浅色" },
  dark: { en: "Theme: dark", zh: "主题：深色" },
};

const system = window.matchMedia("(prefers-color-scheme: dark)");

function firstTheme(): Theme {
  const kept = localStorage.getItem("weft-theme");
  return order.find((t) => t === kept) ?? "auto";
}

const theme = signal<Theme>(firstTheme());
const darkNow = (): boolean => theme.value === "dark" || (theme.value === "auto" && system.matches);
const isDark = signal(darkNow());

/** Whether the page is dark now: for what draws on a canvas. */
export const dark: Signal<boolean> = isDark;

theme.watch((t) => {
  document.documentElement.dataset["theme"] = t;
  isDark.set(darkNow());
});
system.addEventListener("change", () => isDark.set(darkNow()));

export function themeButton(language: Signal<Language>): HTMLElement {
  const button = h("button", {
    id: "theme",
    type: "button",
    class: "quiet icon",
    onclick() {
      theme.set(order[(order.indexOf(theme.value) + 1) % order.length] ?? "auto");
      localStorage.setItem("weft-theme", theme.value);
    },
  });
  const draw = (): void => {
    button.textContent = signs[theme.value];
    button.title = labels[theme.value][language.value];
    button.setAttribute("aria-label", button.title);
  };
  theme.watch(draw);
  language.watch(draw);
  return button;
}
