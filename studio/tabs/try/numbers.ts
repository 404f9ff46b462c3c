/** Numbers for an input of any shape: drawn, typed, or out of a file. Pure but for the files' bytes. */
import { sizesWith } from "../../../cli/input/sizes.ts";
import type { SizeValues } from "../../../contract/sizes.ts";
import { ARRAYS, type Tensor, type TensorData } from "../../../contract/tensor.ts";
import type { DType } from "../../../contract/type.ts";
import {
  fitArray,
  holds,
  type Input,
  type NumberArray,
  numbers,
  product,
  targetOf,
} from "../../../data/array.ts";
import { parseIdxBytes, TYPES } from "../../../data/idx.ts";
import { parseNpy } from "../../../data/npy.ts";
import { initialise } from "../../../runtime/initialise.ts";

/** Whole numbers are drawn below this: most tables that they may point into have as many rows. */
const WHOLE = 10;

/** Sizes of one example, with the batch of one in front where there is a batch. */
export const exampleShape = (input: Input, sizes: SizeValues): readonly number[] => {
  const { example, batched } = targetOf(input, sizes);
  return batched ? [1, ...example] : example;
};

/** From a normal distribution with mean 0 and deviation 1; whole numbers from 0 to 9 alike. */
export function drawnNumbers(input: Input, sizes: SizeValues, seed: number): Tensor {
  const { name, dtype } = input;
  const shape = exampleShape(input, sizes);
  // N(0, 2/fanIn), as parameters are drawn.
  const normal = { kind: "kaimingNormal", fanIn: 2 } as const;
  const whole = { kind: "uniform", low: 0, high: WHOLE } as const;
  const init = dtype === "f32" ? normal : whole;
  const data = initialise({ name, shape, dtype: "f32", init, buffer: 0 }, seed);
  return { shape, data: dtype === "f32" ? data : new ARRAYS[dtype](Array.from(data, Math.floor)) };
}

export const sameNumbers = (input: Input, sizes: SizeValues, value: number): Tensor => {
  const shape = exampleShape(input, sizes);
  return { shape, data: new ARRAYS[input.dtype](product(shape)).fill(value) };
};

/** What is wrong with what was typed: one that is no number of the type, or another count. */
export type Mistyped = { readonly word: string } | { readonly count: number };

/** Numbers with spaces, commas, semicolons or brackets around them. */
export function typedNumbers(text: string, count: number, dtype: DType): TensorData | Mistyped {
  const words = text
    .replaceAll("−", "-")
    .split(/[\s,;[\]]+/)
    .filter((word) => word !== "");
  const wrong = words.find((word) => Number.isNaN(Number(word)) || !holds(dtype, Number(word)));
  if (wrong !== undefined) return { word: wrong };
  return words.length === count ? new ARRAYS[dtype](words.map(Number)) : { count: words.length };
}

/** As few digits as say which 32-bit float it is. */
export function shortest(value: number): string {
  const digits = [4, 5, 6, 7, 8].find((n) => Math.fround(Number(value.toPrecision(n))) === value);
  return digits === undefined ? `${value}` : `${Number(value.toPrecision(digits))}`;
}

/** The array that a file holds: .npy, else IDX. Bytes are pixels: 0 … 255 becomes 0 … 1 in an input of floats. Throws `UserError`. */
export function arrayIn(file: Uint8Array, name: string, dtype: DType): NumberArray {
  const array = /\.npy$/i.test(name) ? parseNpy(file, name, dtype) : idxIn(file, name, dtype);
  return array.bytes && dtype === "f32" ? { ...array, data: array.data.map((v) => v / 255) } : array;
}

function idxIn(file: Uint8Array, name: string, dtype: DType): NumberArray {
  const { type, shape, data } = parseIdxBytes(file, name);
  const { bytes = 1, read } = TYPES[type] ?? {};
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const values = numbers(dtype, product(shape), (i) => read?.(view, i * bytes) ?? 0, name);
  return { shape, data: values, bytes: type === 8 };
}

/**
 * The first example of an array as an input takes it, and the sizes that the array says. Throws `UserError` where they do not
 * go together.
 */
export function fittedTo(
  input: Input,
  array: NumberArray,
  source: string,
): { readonly tensor: Tensor; readonly sizes: SizeValues } {
  const sizes = sizesWith({}, input, array, source);
  const { data } = fitArray(array, targetOf(input, sizes), source);
  const shape = exampleShape(input, sizes);
  return { tensor: { shape, data: data.slice(0, product(shape)) }, sizes };
}
