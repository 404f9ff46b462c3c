/** A rectangular block of numbers read from a file, and how it is fitted to a model's input. */
import { UserError } from "../compiler/errors.ts";
import { showShape } from "../contract/shapes.ts";
import { knownSizes, type SizeValues } from "../contract/sizes.ts";
import { ARRAYS, type TensorData } from "../contract/tensor.ts";
import type { Dim, DType } from "../contract/type.ts";

export interface NumberArray<Data extends TensorData = TensorData> {
  readonly shape: readonly number[];
  readonly data: Data;
  /** Whether the file holds unsigned bytes: pixels, as a rule. */
  readonly bytes?: boolean;
}

/** What an input of each type holds, and what to do about other numbers. Infinity and NaN are floats. */
const HELD: Readonly<Record<DType, { holds(value: number): boolean; rule: string; fix: string }>> = {
  f32: {
    holds: (value) => Number.isFinite(Math.fround(value)) || !Number.isFinite(value),
    rule: "a model computes with 32-bit floats, which end at ±3.4028235e+38",
    fix: "scale the numbers before you save them",
  },
  i32: {
    holds: (value) => value === (value | 0),
    rule: "an input of i32 is whole numbers from −2147483648 to 2147483647",
    fix: "whole numbers in that range",
  },
  u32: {
    holds: (value) => value === value >>> 0,
    rule: "an input of u32 is whole numbers from 0 to 4294967295",
    fix: "whole numbers in that range",
  },
};

/**
 * Numbers of any type as those of an input.
 * @throws UserError where a number is beyond what the input's type holds, or is to be whole and is not
 */
export function numbers(
  dtype: DType,
  count: number,
  valueAt: (i: number) => number,
  source: string,
): TensorData {
  const data = new ARRAYS[dtype](count);
  for (let i = 0; i < count; i++) {
    const value = valueAt(i);
    if (!HELD[dtype].holds(value)) throw misfit(dtype, value, `value ${i}`, source);
    data[i] = value;
  }
  return data;
}

export const holds = (dtype: DType, value: number): boolean => HELD[dtype].holds(value);

/** @param place where in the file the value is */
export function misfit(dtype: DType, value: number | string, place: string, source: string): UserError {
  const { rule, fix } = HELD[dtype];
  return new UserError({ problem: `${source}: ${place} is ${value}`, rule, fix });
}

/** One array of several. */
export function concatenated<Type extends DType>(
  parts: readonly ArrayLike<number>[],
  dtype: Type,
): InstanceType<(typeof ARRAYS)[Type]>;
export function concatenated(parts: readonly ArrayLike<number>[], dtype: DType): TensorData {
  const data = new ARRAYS[dtype](parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return data;
}

export const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** An input of a model. */
export interface Input {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}

/** A model input as the readers see it: what one example looks like, and how many are wanted. */
export interface Target extends Input {
  /** The shape of one example: without the batch. */
  readonly example: readonly number[];
  /** Whether the first dimension is N: any number of examples will do. */
  readonly batched: boolean;
}

/** @param sizes what sizes besides N are; those of which nothing is known yet count with their bounds */
export function targetOf(input: Input, sizes: SizeValues = knownSizes()): Target {
  const { name, dtype, shape } = input;
  const example = shape
    .filter((d) => d !== "N")
    .map((d) => (typeof d === "number" ? d : (sizes[d.name] ?? d.max)));
  return { name, dtype, shape, example, batched: shape[0] === "N" };
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
export function fitArray<Data extends TensorData>(
  array: NumberArray<Data>,
  target: Target,
  source: string,
): NumberArray<Data> {
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
