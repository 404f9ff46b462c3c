/** The settings as a form. */
import { h } from "../../dom.ts";
import { type Chosen, missing, partOf } from "./data.ts";
import type { Phase } from "./run.ts";
import { DEFAULTS, RATES, type Settings } from "./settings.ts";
import type { Text } from "./text.ts";

/** What has been entered, which outlives the tab's being left. */
export interface Entered {
  source: "shapes" | "files";
  chosen: Chosen;
  settings: Settings;
}

export const untouched = (): Entered => ({ source: "shapes", chosen: {}, settings: DEFAULTS });

export interface Form {
  readonly element: HTMLFormElement;
  readonly buttons: Buttons;
  /** Takes what is none of the four for nothing. */
  takeFiles(files: readonly File[]): void;
  /** Which settings can be changed depends on where training is. */
  set(phase: Phase): void;
}

export interface Buttons {
  /** Train, Pause or Resume. */
  readonly go: HTMLButtonElement;
  readonly stop: HTMLButtonElement;
  readonly save: HTMLButtonElement;
  readonly use: HTMLButtonElement;
}

/** `entered` is kept up to date; `changed` is called after each change, `submitted` when the form is sent. */
export function form(entered: Entered, text: Text, changed: () => void, submitted: () => void): Form {
  const change = (part: Partial<Settings>): void => {
    entered.settings = { ...entered.settings, ...part };
    arrange();
    changed();
  };
  const numbers: HTMLInputElement[] = [];
  const number = (
    name: "lr" | "momentum" | "clipAt" | "batch" | "epochs" | "seed" | "limit",
    words: string,
    limits: { readonly min: number; readonly max: number; readonly whole: boolean },
  ): HTMLElement => {
    const input = h("input", {
      type: "number",
      name,
      id: `train-${name}`,
      required: true,
      valueAsNumber: entered.settings[name],
      attrs: { min: limits.min, max: limits.max, step: limits.whole ? 1 : "any" },
      oninput() {
        if (input.validity.valid) change({ [name]: input.valueAsNumber });
      },
    });
    numbers.push(input);
    return h("label", { class: "field", data: { field: name } }, words, input);
  };
  const choice = <T extends string>(
    name: "optimizer" | "clip",
    words: string,
    options: readonly (readonly [T, string])[],
    chosen: (value: T) => void,
  ): HTMLElement => {
    const select = h("select", {
      name,
      id: `train-${name}`,
      onchange() {
        const found = options.find(([value]) => value === select.value);
        if (found) chosen(found[0]);
      },
    });
    select.append(...options.map(([value, label]) => new Option(label, value)));
    select.value = entered.settings[name];
    return h("label", { class: "field", data: { field: name } }, words, select);
  };
  const radio = (value: Entered["source"], words: string): HTMLElement =>
    h(
      "label",
      { class: "choice" },
      h("input", {
        type: "radio",
        name: "source",
        value,
        checked: entered.source === value,
        onchange() {
          entered.source = value;
          arrange();
          changed();
        },
      }),
      words,
    );
  const picker = h("input", {
    type: "file",
    multiple: true,
    class: "hidden-text",
    accept: ".gz,application/gzip,application/octet-stream",
    id: "train-files",
    onchange: () => takeFiles([...(picker.files ?? [])]),
  });
  const hint = h("p", { class: "quiet-text small", attrs: { role: "status" } });
  const choose = h(
    "div",
    { class: "choose" },
    h("label", { class: "button" }, text.chooseFiles, picker),
    hint,
  );
  const takeFiles = (files: readonly File[]): void => {
    const strangers = files.filter((f) => partOf(f.name) === undefined).map((f) => f.name);
    for (const file of files) {
      const part = partOf(file.name);
      if (part) entered.chosen = { ...entered.chosen, [part]: file };
    }
    entered.source = "files";
    const files_ = element.querySelector<HTMLInputElement>("[name=source][value=files]");
    if (files_) files_.checked = true;
    arrange();
    if (strangers.length > 0) hint.textContent = text.notOne(strangers.join(", "));
    changed();
  };
  const buttons: Buttons = {
    go: h("button", { type: "submit", class: "primary", id: "train-go" }, text.train),
    stop: h("button", { type: "button", id: "train-stop", disabled: true }, text.stop),
    save: h("button", { type: "button", id: "train-save", disabled: true }, text.download),
    use: h("button", { type: "button", id: "train-use", disabled: true }, text.tryThem),
  };
  const element = h(
    "form",
    {
      class: "card settings-form",
      attrs: { "aria-labelledby": "train-title" },
      onsubmit(event: Event) {
        event.preventDefault();
        submitted();
      },
    },
    h("h2", { id: "train-title" }, text.settings),
    h("p", { class: "quiet-text small about-model" }),
    h(
      "fieldset",
      {},
      h("legend", {}, text.pictures),
      radio("shapes", text.shapes),
      radio("files", text.files),
      choose,
    ),
    h(
      "div",
      { class: "fields" },
      choice(
        "optimizer",
        text.optimizer,
        [["sgd", text.sgd] as const, ["adam", text.adam] as const],
        (optimizer) => {
          change({ optimizer, lr: RATES[optimizer] });
          const rate = numbers.find((n) => n.name === "lr");
          if (rate) rate.valueAsNumber = RATES[optimizer];
        },
      ),
      number("lr", text.rate, { min: 1e-7, max: 100, whole: false }),
      number("momentum", text.momentum, { min: 0, max: 0.9999, whole: false }),
      number("batch", text.batch, { min: 1, max: 4096, whole: true }),
      number("epochs", text.epochs, { min: 1, max: 1000, whole: true }),
      number("seed", text.seed, { min: 0, max: 4294967295, whole: true }),
      choice(
        "clip",
        text.clip,
        (["none", "norm", "value"] as const).map((kind) => [kind, text.clips[kind]] as const),
        (clip) => change({ clip }),
      ),
      number("clipAt", text.clipAt, { min: 1e-6, max: 1e6, whole: false }),
      number("limit", text.limit, { min: 10, max: 1_000_000, whole: true }),
    ),
    h("div", { class: "row actions" }, buttons.go, buttons.stop, buttons.save, buttons.use),
  );
  let phase: Phase = "idle";
  const arrange = (): void => {
    const { settings, source, chosen } = entered;
    const begun = phase === "preparing" || phase === "training" || phase === "pausing" || phase === "paused";
    const fixed = (name: string): boolean => {
      if (name === "lr") return phase === "preparing";
      if (name === "epochs") return begun && phase !== "paused";
      if (name === "momentum" && settings.optimizer === "adam") return true;
      if (name === "clipAt" && settings.clip === "none") return true;
      return begun;
    };
    for (const control of element.querySelectorAll<HTMLInputElement | HTMLSelectElement>("input, select"))
      control.disabled = fixed(control.name);
    choose.hidden = source !== "files";
    const left = missing(chosen);
    hint.textContent =
      left.length === 4
        ? text.filesHint
        : left.length > 0
          ? text.stillMissing(left.join(", "))
          : text.allThere;
  };
  arrange();
  return {
    element,
    buttons,
    takeFiles,
    set(now) {
      if (now === phase) return;
      phase = now;
      arrange();
    },
  };
}
