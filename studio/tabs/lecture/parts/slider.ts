/** A labelled range input with its value beside it. */
import { h } from "../../../dom.ts";
import type { Words } from "../../../tab.ts";
import type { Scene } from "../scene.ts";

export interface Slider {
  readonly element: HTMLElement;
  readonly value: number;
  /** Shows a value without calling `change`. */
  set(value: number): void;
  limit(low: number, high: number): void;
}

export interface SliderOptions {
  readonly name: Words;
  /** The letter of the formula. */
  readonly letter?: string;
  readonly low: number;
  readonly high: number;
  readonly step?: number;
  readonly value: number;
  readonly show?: (value: number) => string;
  change(value: number): void;
}

export function slider(scene: Scene, options: SliderOptions): Slider {
  const { name, letter, low, high, step = 1, value, show = String, change } = options;
  const shown = h("output", { class: "value", attrs: { "aria-hidden": true } }); // said by aria-valuetext
  const input = h("input", { type: "range", min: `${low}`, max: `${high}`, step: `${step}` });
  const print = (): void => {
    shown.textContent = show(input.valueAsNumber);
    input.setAttribute("aria-valuetext", show(input.valueAsNumber));
  };
  input.valueAsNumber = value;
  input.addEventListener("input", () => {
    print();
    change(input.valueAsNumber);
  });
  print();
  const element = h(
    "label",
    { class: "slider" },
    h("span", { class: "name" }, scene.t(name), letter && h("i", {}, ` ${letter}`)),
    input,
    shown,
  );
  return {
    element,
    get value() {
      return input.valueAsNumber;
    },
    set(next) {
      input.valueAsNumber = next;
      print();
    },
    limit(least, most) {
      input.min = `${least}`;
      input.max = `${most}`;
      print();
    },
  };
}
