/** Parameters by layer: what of a name says which layer it is of, and what it is to that layer. */

/** A parameter of a model, or a tensor of a file. */
export interface Named {
  readonly name: string;
  readonly shape: readonly number[];
}

/** All tensors of one layer. */
export interface Layer {
  /** Of the layer; of a tensor that is none of a layer's known parts, its own. */
  readonly name: string;
  /** By what they are to the layer; "" is a tensor that stands for itself. */
  readonly parts: ReadonlyMap<string, Named>;
  /** The scopes that the layer lies in and itself: `layer1.0.conv1` and `stage1/block/conv1` have three. */
  readonly path: readonly string[];
}

/** What the parts of a layer are called: Weft's and PyTorch's names, and those of Keras. */
const ROLES: Readonly<Record<string, string>> = {
  weight: "weight",
  bias: "bias",
  running_mean: "running_mean",
  running_var: "running_var",
  kernel: "weight",
  gamma: "weight",
  beta: "bias",
  moving_mean: "running_mean",
  moving_variance: "running_var",
};

/** A layer's name, and which part of it a tensor is. */
export function partOf(name: string): { readonly layer: string; readonly role: string } {
  const [, layer = "", last = ""] = /^(?:(.*)[./])?([^./]*)$/s.exec(name) ?? [];
  const role = layer !== "" && Object.hasOwn(ROLES, last) ? ROLES[last] : undefined;
  return role === undefined ? { layer: name, role: "" } : { layer, role };
}

/** The layers in the order in which their first tensors come. */
export function layersOf(tensors: readonly Named[]): readonly Layer[] {
  const found = new Map<string, Map<string, Named>>();
  for (const tensor of tensors) {
    const { layer, role } = partOf(tensor.name);
    const parts = found.get(layer) ?? new Map<string, Named>();
    // A second tensor of the same part, such as weight beside kernel, is a layer of its own.
    if (parts.has(role)) found.set(tensor.name, new Map([["", tensor]]));
    else found.set(layer, parts.set(role, tensor));
  }
  return [...found].map(([name, parts]) => ({ name, parts, path: name.split(/[./]/) }));
}

const withoutOnes = (shape: readonly number[]): readonly number[] => shape.filter((d) => d !== 1);

/**
 * How much alike shapes have to be, the strictest first: the same; the same but for sizes of 1; and with the two axes of a
 * matrix exchanged, too.
 */
export const LIKENESSES = ["same", "ones", "transposed"] as const;
export type Likeness = (typeof LIKENESSES)[number];

function shapeKey(shape: readonly number[], likeness: Likeness): string {
  if (likeness === "same") return `${shape}`;
  const sizes = withoutOnes(shape);
  return `${likeness === "transposed" && sizes.length === 2 ? sizes.toSorted((a, b) => a - b) : sizes}`;
}

/** Layers with equal keys may be the same: they have the same parts in shapes that are so much alike. */
export const keyOf = ({ parts }: Layer, likeness: Likeness): string =>
  [...parts]
    .map(([role, { shape }]) => `${role}:${shapeKey(shape, likeness)}`)
    .sort()
    .join(" ");

/** What is done to a tensor so that it has the wanted shape; "" where it has it. */
export type Change = "" | "reshaped" | "transposed";

/** Undefined where nothing that is known here makes the one of the other. */
export function changeOf(from: readonly number[], to: readonly number[]): Change | undefined {
  if (`${from}` === `${to}`) return "";
  const [a, b] = [withoutOnes(from), withoutOnes(to)];
  if (`${a}` === `${b}`) return "reshaped";
  return a.length === 2 && `${a.toReversed()}` === `${b}` ? "transposed" : undefined;
}
