/** The card with the numbers that a model is given, for inputs of any shape: drawn, typed, or out of a file. */
import { knownSizes, type SizeValues } from "../../../contract/sizes.ts";
import type { Tensor } from "../../../contract/tensor.ts";
import { type Size, showSizes } from "../../../contract/type.ts";
import { type Input, product } from "../../../data/array.ts";
import { h } from "../../dom.ts";
import { extent, shown } from "./color.ts";
import { drawnNumbers, exampleShape, sameNumbers, shortest, typedNumbers } from "./numbers.ts";
import type { Source } from "./source.ts";
import type { Text } from "./text.ts";

/** So many numbers can be typed. */
const TYPED = 256;
/** What an open size is at first, or its bound where that is less. */
const USUAL = 16;

/** What outlives the card: numbers by input, and what open sizes are. */
export interface KeptNumbers {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly sizes: SizeValues;
}

/** All open sizes of the inputs, each once. */
export const openSizes = (inputs: readonly Input[]): readonly Size[] => [
  ...new Set(inputs.flatMap(({ shape }) => shape.filter((d) => typeof d === "object"))),
];

/** What open sizes are where nothing else is said. */
export function usualSizes(inputs: readonly Input[], kept: SizeValues = {}): SizeValues {
  const sizes = knownSizes(kept);
  for (const { name, max } of openSizes(inputs)) sizes[name] ??= Math.min(max, USUAL);
  return sizes;
}

export interface NumbersOptions {
  readonly inputs: readonly Input[];
  readonly kept: KeptNumbers;
  readonly text: Text;
  readonly changed: () => void;
  /** An open size is to be another. */
  readonly resize: (sizes: SizeValues) => void;
  readonly openFiles: (files: readonly File[]) => void;
  /** Undefined: the model takes no picture. */
  readonly usePicture: (() => void) | undefined;
  readonly leave: (kept: KeptNumbers) => void;
}

export function numbersCard(options: NumbersOptions): Source {
  const { inputs, kept, text, openFiles, usePicture } = options;
  const tensors = new Map<string, Tensor>();
  const fields = inputs.map((input) => {
    const before = kept.tensors.get(input.name);
    const same = `${before?.shape}` === `${exampleShape(input, kept.sizes)}`;
    return numberField(input, kept.sizes, before && same ? before : undefined, text, (tensor) => {
      const isFirst = !tensors.has(input.name);
      tensors.set(input.name, tensor);
      if (!isFirst) options.changed();
    });
  });
  const file = h("input", {
    type: "file",
    class: "hidden-text",
    accept: ".npy,.idx,.gz,application/octet-stream",
    onchange() {
      openFiles([...(file.files ?? [])]);
      file.value = "";
    },
  });
  return {
    element: h(
      "section",
      { class: "card numbers-card" },
      h("h2", {}, text.inputs),
      ...openSizes(inputs).map((size) => sizeField(size, options)),
      ...fields,
      h(
        "div",
        { class: "row" },
        h("label", { class: "button" }, text.openArray, file),
        usePicture && h("button", { type: "button", class: "quiet", onclick: usePicture }, text.asPicture),
      ),
    ),
    picture: undefined,
    inputs: () => Object.fromEntries(tensors),
    isEmpty: () => false,
    leave: () => options.leave({ tensors, sizes: kept.sizes }),
  };
}

/** What a size is that the model leaves open. */
function sizeField({ name, max }: Size, { kept: { sizes }, resize }: NumbersOptions): HTMLElement {
  const field = h("input", {
    type: "number",
    min: "1",
    max: `${max}`,
    step: "1",
    value: `${sizes[name]}`,
    onchange() {
      if (field.reportValidity()) resize({ ...sizes, [name]: field.valueAsNumber });
    },
  });
  return h("label", { class: "field" }, h("span", { class: "mono" }, `${name} ≤ ${max}`), field);
}

/** The numbers of one input; `changed` is told them at once, and whenever they are others. */
function numberField(
  input: Input,
  sizes: SizeValues,
  before: Tensor | undefined,
  text: Text,
  changed: (tensor: Tensor) => void,
): HTMLElement {
  const shape = exampleShape(input, sizes);
  const count = product(shape);
  let seed = 0;
  const about = h("p", { class: "quiet-text small", attrs: { role: "status" } });
  const typed = h("textarea", {
    class: "mono",
    rows: Math.min(6, 1 + Math.floor(count / 8)),
    spellcheck: false,
    hidden: count > TYPED,
    attrs: { "aria-label": input.name },
    oninput() {
      const data = typedNumbers(typed.value, count, input.dtype);
      if ("word" in data) about.textContent = text.noNumber(data.word, input.dtype);
      else if ("count" in data) about.textContent = text.otherCount(count, data.count);
      else take({ shape, data });
      typed.classList.toggle("wrong", "word" in data || "count" in data);
    },
  });
  const take = (tensor: Tensor): void => {
    const { low, high } = extent(tensor.data);
    about.textContent = text.numbersFrom(count, shown(low), shown(high));
    changed(tensor);
  };
  /** What is typed is what is computed: no more digits than are shown. */
  const set = (tensor: Tensor, digits: (value: number) => string): void => {
    typed.classList.remove("wrong");
    if (!typed.hidden) typed.value = Array.from(tensor.data, digits).join(", ");
    const data = typedNumbers(typed.value, count, input.dtype);
    take("word" in data || "count" in data ? tensor : { shape, data });
  };
  const button = (words: string, make: () => Tensor): HTMLElement =>
    h("button", { type: "button", onclick: () => set(make(), shown) }, words);
  if (before) set(before, shortest);
  else set(drawnNumbers(input, sizes, seed), shown);
  return h(
    "div",
    { class: "numbers", data: { input: input.name } },
    h("p", {}, h("span", { class: "mono" }, `${input.name} ${showSizes(shape)}`), ` ${input.dtype}`),
    typed,
    about,
    h(
      "div",
      { class: "row" },
      button(text.drawNumbers, () => drawnNumbers(input, sizes, ++seed)),
      button(text.zeros, () => sameNumbers(input, sizes, 0)),
      button(text.ones, () => sameNumbers(input, sizes, 1)),
    ),
  );
}
