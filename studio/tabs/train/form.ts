/** The settings as a form. */
import { h } from "../../dom.ts";
import type { ServedSet } from "../../project.ts";
import { choiceField, type Field, numberField } from "./fields.ts";
import type { RecipeName } from "./recipe.ts";
import type { Phase } from "./run.ts";
import { RATES, type Settings } from "./settings.ts";
import { type Pictures, pictureSource } from "./source.ts";
import type { Text } from "./text.ts";

/** What has been entered, which outlives the tab's being left. */
export interface Entered extends Pictures {
  /** Where the settings come from; "own": they were changed by hand. */
  recipe: RecipeName | "own";
  settings: Settings;
}

export interface FormProps {
  /** Kept up to date. */
  readonly entered: Entered;
  /** Data sets that the server has, or downloads. */
  readonly sets: readonly ServedSet[];
  readonly text: Text;
  /** Another recipe was chosen: it puts its settings in place. */
  readonly cook: (recipe: RecipeName) => void;
  readonly changed: () => void;
  /** Train, Pause or Resume was pressed, or the Enter key. */
  readonly submitted: () => void;
  readonly stop: () => void;
  readonly save: () => void;
  readonly use: () => void;
}

export interface Shown {
  /** Which settings can be changed depends on where training is. */
  readonly phase: Phase;
  /** What the first button says. */
  readonly go: string;
  /** Which buttons can be pressed. */
  readonly can: Readonly<Record<"go" | "stop" | "save" | "use", boolean>>;
}

export interface Form {
  readonly element: HTMLFormElement;
  /** Takes what is none of the four for nothing. */
  takeFiles(files: readonly File[]): void;
  update(shown: Shown): void;
  /** Shows the settings that are entered, which were not entered by hand. */
  refresh(): void;
  /** What is to be trained, in a line. */
  about(words: string): void;
}

export function form(props: FormProps): Form {
  const { entered, text } = props;
  let phase: Phase = "idle";
  const arrange = (): void => {
    for (const control of element.querySelectorAll<HTMLInputElement | HTMLSelectElement>("input, select"))
      control.disabled = isFixed(control.name, phase, entered.settings);
    source.update();
  };
  const changed = (): void => {
    arrange();
    props.changed();
  };
  const source = pictureSource(entered, props.sets, text, changed);
  const recipe = choiceField<Entered["recipe"]>(
    { name: "recipe", words: text.recipe, value: entered.recipe },
    (["quick", "lecture", "own"] as const).map((name) => [name, text.recipes[name]]),
    (chosen) => {
      entered.recipe = chosen;
      if (chosen === "own") return;
      props.cook(chosen);
      fields.refresh();
      changed();
    },
  );
  const fields = settingFields(entered, text, () => {
    entered.recipe = "own";
    recipe.control.value = "own";
    changed();
  });
  const buttons = actionRow(props);
  const about = h("p", { class: "quiet-text small about-model" });
  const element = h(
    "form",
    {
      class: "card settings-form",
      attrs: { "aria-labelledby": "train-title" },
      onsubmit(event: Event) {
        event.preventDefault();
        props.submitted();
      },
    },
    h("h2", { id: "train-title" }, text.settings),
    about,
    source.element,
    recipe.element,
    h("div", { class: "fields" }, ...fields.elements),
    buttons.element,
  );
  arrange();
  return {
    element,
    takeFiles: source.takeFiles,
    refresh() {
      fields.refresh();
      arrange();
    },
    update(shown) {
      if (shown.phase !== phase) {
        phase = shown.phase;
        arrange();
      }
      buttons.update(shown);
    },
    about(words) {
      about.textContent = words;
    },
  };
}

/** Whether a setting cannot be changed now. */
function isFixed(name: string, phase: Phase, { optimizer, clip }: Settings): boolean {
  const begun = phase === "preparing" || phase === "training" || phase === "pausing" || phase === "paused";
  if (name === "lr") return phase === "preparing";
  if (name === "epochs") return begun && phase !== "paused";
  if (name === "momentum" && optimizer === "adam") return true;
  if (name === "clipAt" && clip === "none") return true;
  return begun;
}

/** `changed`: by hand. */
function settingFields(
  entered: Entered,
  text: Text,
  changed: () => void,
): { readonly elements: readonly HTMLElement[]; refresh(): void } {
  const change = (part: Partial<Settings>): void => {
    entered.settings = { ...entered.settings, ...part };
    changed();
  };
  const number = (
    name: "lr" | "momentum" | "clipAt" | "batch" | "epochs" | "seed" | "limit",
    words: string,
    [min, max]: readonly [number, number],
    step: "any" | 1 = 1,
  ): Field<HTMLInputElement> =>
    numberField({ name, words, value: entered.settings[name], min, max, step }, (value) =>
      change({ [name]: value }),
    );
  const rate = number("lr", text.rate, [1e-7, 100], "any");
  const optimizer = choiceField<Settings["optimizer"]>(
    { name: "optimizer", words: text.optimizer, value: entered.settings.optimizer },
    [
      ["sgd", text.sgd],
      ["adam", text.adam],
    ],
    (chosen) => {
      change({ optimizer: chosen, lr: RATES[chosen] });
      rate.control.valueAsNumber = RATES[chosen];
    },
  );
  const clip = choiceField<Settings["clip"]>(
    { name: "clip", words: text.clip, value: entered.settings.clip },
    (["none", "norm", "value"] as const).map((kind) => [kind, text.clips[kind]]),
    (chosen) => change({ clip: chosen }),
  );
  const numbers = [
    rate,
    number("momentum", text.momentum, [0, 0.9999], "any"),
    number("batch", text.batch, [1, 4096]),
    number("epochs", text.epochs, [1, 1000]),
    number("seed", text.seed, [0, 4294967295]),
    number("clipAt", text.clipAt, [1e-6, 1e6], "any"),
    number("limit", text.limit, [10, 1_000_000]),
  ];
  const [first, momentum, batch, epochs, seed, clipAt, limit] = numbers.map(({ element }) => element);
  const order = [optimizer.element, first, momentum, batch, epochs, seed, clip.element, clipAt, limit];
  return {
    elements: order.filter((element) => element !== undefined),
    refresh() {
      const { settings } = entered;
      optimizer.control.value = settings.optimizer;
      clip.control.value = settings.clip;
      for (const { control } of numbers)
        control.valueAsNumber = Number(settings[control.name as keyof Settings]); // what it was made with
    },
  };
}

function actionRow({ text, stop, save, use }: FormProps): {
  readonly element: HTMLElement;
  update(shown: Shown): void;
} {
  const buttons = {
    go: h("button", { type: "submit", class: "primary", id: "train-go" }, text.train),
    stop: h("button", { type: "button", id: "train-stop", disabled: true, onclick: stop }, text.stop),
    save: h("button", { type: "button", id: "train-save", disabled: true, onclick: save }, text.download),
    use: h("button", { type: "button", id: "train-use", disabled: true, onclick: use }, text.tryThem),
  };
  return {
    element: h("div", { class: "row actions" }, ...Object.values(buttons)),
    update({ go, can }) {
      buttons.go.textContent = go;
      for (const name of ["go", "stop", "save", "use"] as const) buttons[name].disabled = !can[name];
    },
  };
}
