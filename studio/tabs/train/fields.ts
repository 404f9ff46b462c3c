/** Fields of the form: a label with its control. */
import { h } from "../../dom.ts";

export interface Field<Control extends HTMLElement = HTMLElement> {
  readonly element: HTMLElement;
  readonly control: Control;
}

interface Named<Value> {
  readonly name: string;
  readonly words: string;
  readonly value: Value;
}

export interface NumberProps extends Named<number> {
  readonly min: number;
  readonly max: number;
  /** 1: whole numbers alone. */
  readonly step: 1 | "any";
}

/** `entered` is told of numbers that are allowed. */
export function numberField(props: NumberProps, entered: (value: number) => void): Field<HTMLInputElement> {
  const { name, words, value, min, max, step } = props;
  const control = h("input", {
    type: "number",
    name,
    id: `train-${name}`,
    required: true,
    valueAsNumber: value,
    attrs: { min, max, step },
    oninput() {
      if (control.validity.valid) entered(control.valueAsNumber);
    },
  });
  return labelled(name, words, control);
}

/** One of some words. */
export function choiceField<T extends string>(
  { name, words, value }: Named<T>,
  options: readonly (readonly [value: T, label: string])[],
  chosen: (value: T) => void,
): Field<HTMLSelectElement> {
  const control = h("select", {
    name,
    id: `train-${name}`,
    onchange() {
      const found = options.find(([each]) => each === control.value);
      if (found) chosen(found[0]);
    },
  });
  control.append(...options.map(([each, label]) => new Option(label, each)));
  control.value = value;
  return labelled(name, words, control);
}

function labelled<Control extends HTMLElement>(
  name: string,
  words: string,
  control: Control,
): Field<Control> {
  return { element: h("label", { class: "field", data: { field: name } }, words, control), control };
}
