/** The frame around the tabs: tab bar (ARIA tabs), addresses (#lecture), language and theme. */
import { h } from "./dom.ts";
import { listenForFiles } from "./files.ts";
import { texts } from "./opening/text.ts";
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
  const notice = noticeBar(language);
  const panel = h("div", { id: "panel", tabIndex: -1, attrs: { role: "tabpanel" } });
  let shown: { readonly tab: Tab; readonly unmount: () => void } | undefined;
  let given: Studio | undefined;
  const route = (): void => {
    const tab = tabs.find((t) => t.id === address()) ?? tabs[0];
    if (!tab || !given || shown?.tab === tab) return;
    shown?.unmount();
    bar.update(tab);
    panel.setAttribute("aria-labelledby", `tab-${tab.id}`);
    panel.className = `panel panel-${tab.id}`;
    const host = h("div", { class: "host" });
    panel.replaceChildren(host);
    shown = { tab, unmount: tab.mount(host, given) };
  };
  const show = (id: string): void => {
    if (address() !== id) location.hash = id;
    route();
  };
  const bar = tabBar(tabs, language, show);
  const brand = h("div", { class: "brand" }, h("h1", {}, "Weft Studio"), title);
  const opening = openButton(language, (files) => given?.open(files));
  const settings = h(
    "div",
    { class: "settings" },
    ...opening.elements,
    languageButton(language),
    themeButton(language),
  );
  return {
    element: h(
      "div",
      { class: "shell" },
      h("header", { class: "bar" }, brand, bar.element, settings),
      notice.element,
      h("main", {}, panel),
      opening.drop,
    ),
    language,
    show,
    tell: notice.tell,
    start(studio) {
      given = studio;
      studio.bench.entry.watch((path) => {
        title.textContent = title.title = path;
      });
      listenForFiles(document.body, studio.open, opening.hover);
      window.addEventListener("hashchange", route);
      route();
    },
  };
}

/** The tab that the page's address names. */
const address = (): string => location.hash.slice(1).split("/")[0] ?? "";

interface TabBar {
  readonly element: HTMLElement;
  /** The tab that is shown. */
  update(shown: Tab): void;
}

function tabBar(tabs: readonly Tab[], language: Signal<Language>, show: (id: string) => void): TabBar {
  let at = -1;
  const buttons = tabs.map(({ id, title }) => {
    const attrs = { role: "tab", "aria-controls": "panel" };
    const button = h("button", { id: `tab-${id}`, type: "button", attrs, onclick: () => show(id) });
    language.watch((l) => {
      button.textContent = title[l];
    });
    return button;
  });
  /** Arrows, Home and End move between tabs and show them (WAI-ARIA, "Tabs with automatic activation"). */
  const onkeydown = (event: KeyboardEvent): void => {
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
    buttons[tabs.indexOf(tab)]?.focus();
  };
  const attrs = { role: "tablist", "aria-label": "Weft Studio" };
  return {
    element: h("div", { class: "tabs", attrs, onkeydown }, ...buttons),
    update(shown) {
      at = tabs.indexOf(shown);
      for (const [i, button] of buttons.entries()) {
        button.setAttribute("aria-selected", `${i === at}`);
        button.tabIndex = i === at ? 0 : -1;
      }
    },
  };
}

/** A message below the bar, hidden until there is one. */
function noticeBar(language: Signal<Language>): { readonly element: HTMLElement } & Pick<Shell, "tell"> {
  const element = h("div", { class: "notice", hidden: true, attrs: { role: "status" } });
  return {
    element,
    tell(message) {
      const text = h("p");
      const onclick = (): void => element.replaceChildren();
      const close = h("button", { type: "button", class: "quiet icon", onclick }, "×");
      language.watch((l) => {
        text.textContent = message[l];
        close.setAttribute("aria-label", l === "en" ? "Close" : "关闭");
      });
      element.replaceChildren(text, close);
      element.hidden = false;
    },
  };
}

interface Opening {
  readonly elements: readonly HTMLElement[];
  /** What is shown while files hover above the page. */
  readonly drop: HTMLElement;
  hover(over: boolean): void;
}

/** The button that opens files, for whoever does not drop them. */
function openButton(language: Signal<Language>, open: (files: readonly File[]) => void): Opening {
  const files = h("input", {
    type: "file",
    id: "open-files",
    multiple: true,
    hidden: true,
    onchange() {
      open([...(files.files ?? [])]);
      files.value = ""; // the same ones again
    },
  });
  const button = h("button", { id: "open", type: "button", class: "quiet", onclick: () => files.click() });
  const drop = h("p", { class: "drop-here", hidden: true });
  language.watch((l) => {
    button.textContent = texts[l].open;
    button.title = texts[l].drop;
    drop.textContent = texts[l].drop;
  });
  return {
    elements: [button, files],
    drop,
    hover(over) {
      drop.hidden = !over;
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
    button.setAttribute("aria-label", l === "en" ? "中文: switch to Chinese" : "English：切换到英文");
  });
  return button;
}
