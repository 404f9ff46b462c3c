/** The frame around the tabs: tab bar (ARIA tabs), addresses (#lecture), language and theme. */
import { h } from "./dom.ts";
import "./shell.css";
import { type Signal, signal, type Writable } from "./signal.ts";
import type { Language, Studio, Tab, Words } from "./tab.ts";
import { themeButton } from "./theme.ts";

export interface Shell {
  readonly element: HTMLElement;
  readonly language: Signal<Language>;
  show(id: string): void;
  /** A message below the bar, until it is put away. */
  tell(message: Words): void;
  /** Mounts the tab of the address, else the first. To be called once, with the shell in the page. */
  start(studio: Studio): void;
}

export function shell(tabs: readonly Tab[]): Shell {
  const language = signal<Language>(firstLanguage());
  const title = h("p", { class: "file", id: "file" });
  const notice = h("div", { class: "notice", hidden: true, attrs: { role: "status" } });
  const panel = h("main", { id: "panel", tabIndex: -1, attrs: { role: "tabpanel" } });
  let shown: { readonly id: string; readonly unmount: () => void } | undefined;
  let given: Studio | undefined;

  const buttons = tabs.map((tab) => {
    const button = h("button", {
      id: `tab-${tab.id}`,
      type: "button",
      attrs: { role: "tab", "aria-controls": "panel" },
      onclick: () => show(tab.id),
    });
    language.watch((l) => {
      button.textContent = tab.title[l];
    });
    return button;
  });
  const list = h(
    "div",
    { class: "tabs", attrs: { role: "tablist", "aria-label": "Weft Studio" }, onkeydown: (e) => move(e) },
    ...buttons,
  );
  /** Arrows, Home and End move between tabs and show them (WAI-ARIA, "Tabs with automatic activation"). */
  const move = (event: KeyboardEvent): void => {
    const at = tabs.findIndex((t) => t.id === shown?.id);
    const last = tabs.length - 1;
    const next = {
      ArrowRight: at === last ? 0 : at + 1,
      ArrowLeft: at === 0 ? last : at - 1,
      Home: 0,
      End: last,
    }[event.key];
    const tab = next === undefined ? undefined : tabs[next];
    if (!tab) return;
    event.preventDefault();
    show(tab.id);
    document.getElementById(`tab-${tab.id}`)?.focus();
  };
  const route = (): void => {
    const id = location.hash.slice(1).split("/")[0];
    const tab = tabs.find((t) => t.id === id) ?? tabs[0];
    if (!tab || !given || shown?.id === tab.id) return;
    shown?.unmount();
    for (const button of buttons) {
      const own = button.id === `tab-${tab.id}`;
      button.setAttribute("aria-selected", `${own}`);
      button.tabIndex = own ? 0 : -1;
    }
    panel.setAttribute("aria-labelledby", `tab-${tab.id}`);
    panel.className = `panel panel-${tab.id}`;
    const host = h("div", { class: "host" });
    panel.replaceChildren(host);
    shown = { id: tab.id, unmount: tab.mount(host, given) };
  };
  const show = (id: string): void => {
    if (location.hash.slice(1).split("/")[0] !== id) location.hash = id;
    route();
  };

  const element = h(
    "div",
    { class: "shell" },
    h(
      "header",
      { class: "bar" },
      h("div", { class: "brand" }, h("h1", {}, "Weft Studio"), title),
      list,
      h("div", { class: "settings" }, languageButton(language), themeButton(language)),
    ),
    notice,
    panel,
  );
  return {
    element,
    language,
    show,
    tell(message) {
      const text = h("p");
      const close = h(
        "button",
        { type: "button", class: "quiet icon", onclick: () => notice.replaceChildren() },
        "×",
      );
      language.watch((l) => {
        text.textContent = message[l];
        close.setAttribute("aria-label", l === "en" ? "Close" : "关闭");
      });
      notice.replaceChildren(text, close);
      notice.hidden = false;
    },
    start(studio) {
      given = studio;
      title.textContent = studio.project.model;
      title.title = studio.project.model;
      window.addEventListener("hashchange", route);
      route();
    },
  };
}

function firstLanguage(): Language {
  const kept = localStorage.getItem("weft-language");
  if (kept === "en" || kept === "zh") return kept;
  return navigator.language.startsWith("zh") ? "zh" : "en";
}

function languageButton(language: Writable<Language>): HTMLElement {
  const button = h("button", {
    id: "language",
    type: "button",
    class: "quiet",
    onclick() {
      language.set(language.value === "en" ? "zh" : "en");
      localStorage.setItem("weft-language", language.value);
    },
  });
  language.watch((l) => {
    document.documentElement.lang = l === "zh" ? "zh-Hans" : "en";
    button.textContent = l === "en" ? "中文" : "English";
    button.setAttribute("aria-label", l === "en" ? "Switch to Chinese" : "切换到英文");
  });
  return button;
}
