/** A rectangular block of numbers read from a file, and how it is fitted to a model's input. */
import { UserError } from "../compiler/errors.ts";
import { showShape } from "../contract/shapes.ts";
import type { Dim } from "../contract/type.ts";

export interface NumberArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
  /** Whether the file holds unsigned bytes: pixels, as a rule. */
  readonly bytes?: boolean;
}

/**
 * Numbers of any type as 32-bit floats. Infinity and NaN stay what they are.
 * @throws UserError where a number is beyond what such a float holds
 */
export function floats(count: number, valueAt: (i: number) => number, source: string): Float32Array {
  const data = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const value = valueAt(i);
    const kept = Math.fround(value);
    if (Math.abs(kept) === Number.POSITIVE_INFINITY && Number.isFinite(value))
      throw tooLarge(value, `value ${i}`, source);
    data[i] = kept;
  }
  return data;
}

/** @param place where in the file the value is */
export function tooLarge(value: number | string, place: string, source: string): UserError {
  return new UserError({
    problem: `${source}: ${place} is ${value}`,
    rule: "a model computes with 32-bit floats, which end at ±3.4028235e+38",
    fix: "scale the numbers before you save them",
  });
}

export const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** A model input as the readers see it: what one example looks like, and how many are wanted. */
export interface Target {
  readonly name: string;
  readonly shape: readonly Dim[];
  /** The shape of one example: without the batch. */
  readonly example: readonly number[];
  /** Whether the first dimension is N: any number of examples will do. */
  readonly batched: boolean;
}

export function targetOf(input: { readonly name: string; readonly shape: readonly Dim[] }): Target {
  const batched = input.shape[0] === "N";
  const example = input.shape.filter((d): d is number => d !== "N");
  return { name: input.name, shape: input.shape, example, batched };
}

/** Throws `UserError` where a size is 0: there is nothing to run or to learn from. */
export function checkHolds({ shape }: NumberArray, source: string): void {
  if (!shape.includes(0)) return;
  throw new UserError({
    problem: `${source} holds no numbers: its shape is ${showShape(shape)}`,
    rule: "every size is at least 1",
    fix: "a file with at least one example",
  });
}

const withoutOnes = (shape: readonly number[]): string => shape.filter((d) => d !== 1).join("×");

/**
 * The array as a stack of examples `[count, …example]`. Axes of size one may be left out or added: 28×28 fits
 * `[N, 1, 28, 28]`.
 * @throws UserError where the sizes do not fit
 */
export function fitArray(array: NumberArray, target: Target, source: string): NumberArray {
  checkHolds(array, source);
  const { shape, data } = array;
  const wanted = withoutOnes(target.example);
  if (withoutOnes(shape) === wanted) return { shape: [1, ...target.example], data };
  const [first = 1, ...rest] = shape;
  if (target.batched && withoutOnes(rest) === wanted) return { shape: [first, ...target.example], data };
  throw new UserError({
    problem: `${source} has shape ${showShape(shape)}, but the input ${target.name} is ${showShape(target.shape)}`,
    rule: target.batched
      ? `one example is ${showShape(target.example)}; a leading dimension counts the examples; sizes of 1 may be left out`
      : `the sizes must be ${showShape(target.example)}; sizes of 1 may be left out`,
    fix: "reshape the array before you save it, or change the shape of the model's input",
  });
}
