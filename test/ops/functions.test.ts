/** Functions of numbers within a range, remainders, comparisons, logic and choices. */
import * as weft from "weftgpu";
import { input, N, param } from "weftgpu";
import { ndarray } from "../oracle/array.ts";
import { type Case, checkOp, useDevice } from "./cases.ts";

useDevice();

type Unary = (x: weft.Tensor) => weft.Tensor;
type Binary = (a: weft.Tensor, b: weft.Tensor | number) => weft.Tensor;
/** Shapes are checked at run time. */
const untyped = (list: object): readonly (readonly [string, Binary])[] => Object.entries(list);

const of = (name: string, values: readonly number[], f: Unary): Case => ({
  name,
  given: { x: ndarray([1, values.length], values.map(Math.fround)) },
  batches: [1],
  build: () => f(input("x", [N, values.length])),
});
const steps = (from: number, to: number, count = 41): readonly number[] =>
  Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));

checkOp("tan", [
  of("within ±1.5", steps(-1.5, 1.5), weft.tan),
  of("of large angles", [3, 100.5, -200.25, 499.5], weft.tan),
]);
checkOp("asin", [of("within ±1", [...steps(-1, 1), 1e-6, -1e-3], weft.asin)]);
checkOp("acos", [of("within ±1", [...steps(-1, 1), 1e-6, 0.9999], weft.acos)]);
checkOp("atanh", [of("within ±1", [...steps(-0.999, 0.999), 1e-6, 0.99999], weft.atanh)]);
checkOp("acosh", [of("from 1 on", [...steps(1, 3), 1.0001, 1e3, 1e4, 1e10, 3e38], weft.acosh)]);
checkOp("sinh", [
  of("±5", [...steps(-5, 5), 1e-6], weft.sinh),
  of("to where it ends", [80, -88, 89.4, -89.4], weft.sinh),
]);
checkOp("cosh", [of("±5", steps(-5, 5), weft.cosh), of("to where it ends", [80, -88, 89.4], weft.cosh)]);
checkOp("reciprocal", [of("of both signs", [-1e30, -3, -0.1, 1e-3, 7, 1e30], weft.reciprocal)]);
checkOp("round", [
  of(
    "halves go to the even one",
    [-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 0.49999997, 8388607.5],
    weft.round,
  ),
]);
checkOp("floor", [of("beyond whole numbers", [1e10, -1e10, 8388607.5, -0.1, 0.1], weft.floor)]);

const image = () => input("a", [N, 3, 5, 4]);
checkOp("prelu", [
  { name: "a slope for each channel", build: () => weft.prelu(image(), param("slope", [3, 1, 1])) },
  { name: "a slope for each element", build: () => weft.prelu(image(), input("b", [N, 3, 5, 4])) },
  { name: "slopes repeat x", build: () => weft.prelu(input("a", [N, 1, 4]), param("slope", [3, 1])) },
]);

const whole = [-7, -6, -3, -1, 0, 1, 3, 5, 6, 7, 9, 100003];
const by = [3, -3, 2, 5, -7, 1, 10, 3, -6, 7, 4, 11];
type Pairs = readonly (readonly [number, number])[];
const pairs = (name: string, values: Pairs, f: (a: weft.Tensor, b: weft.Tensor) => weft.Tensor): Case => ({
  name,
  given: {
    a: ndarray(
      [1, values.length],
      values.map(([a]) => Math.fround(a)),
    ),
    b: ndarray(
      [values.length],
      values.map(([, b]) => Math.fround(b)),
    ),
  },
  batches: [1],
  jumps: true,
  build: () => f(input("a", [N, values.length]), param("b", [values.length])),
});
const wholes: Pairs = whole.flatMap((a) => by.map((b) => [a, b] as const));
const fractions: Pairs = [
  [5.3, 2],
  [-5.3, 2],
  [5.3, -2],
  [-5.3, -2],
  [0.1, 7],
  [-0.1, 7],
];
for (const [op, f] of untyped({ mod: weft.mod, fmod: weft.fmod }))
  checkOp(op, [
    pairs("whole numbers of both signs", wholes, f),
    pairs("fractions", fractions, f),
    {
      name: "one divisor for each channel",
      build: () => f(image(), weft.add(weft.abs(param("b", [3, 1, 1])), 0.2)),
    },
  ]);

/** Equal ones, different ones, zeros of both signs. */
const compared: Pairs = [0, -0, 1, -1, 2.5].flatMap((a) => [0, -0, 1, -1, 2.5].map((b) => [a, b] as const));
const comparisons = {
  equal: weft.equal,
  notEqual: weft.notEqual,
  less: weft.less,
  lessOrEqual: weft.lessOrEqual,
  greater: weft.greater,
  greaterOrEqual: weft.greaterOrEqual,
  and: weft.and,
  or: weft.or,
  xor: weft.xor,
};
for (const [op, f] of untyped(comparisons))
  checkOp(op, [
    pairs("every pair", compared, f),
    { name: "with a number", build: () => f(image(), 0.2) },
    { name: "one for each channel", build: () => f(image(), param("b", [3, 1, 1])) },
  ]);
checkOp("not", [of("of numbers", [0, -0, 1, -1, 0.1], weft.not)]);

checkOp("where", [
  {
    name: "three of a shape",
    build: () => weft.where(weft.greater(image(), 0), input("b", [N, 3, 5, 4]), input("c", [N, 3, 5, 4])),
  },
  { name: "numbers", build: () => weft.where(weft.less(image(), 0.1), -1, 1) },
  {
    name: "a mask of rows, values of columns",
    build: () => weft.where(weft.less(input("m", [N, 5, 1]), 0), input("a", [N, 1, 7]), param("b", [7])),
  },
  {
    name: "attention: what is masked counts for nothing",
    build: () => {
      const scores = input("scores", [N, 4, 6]);
      const mask = weft.greater(input("mask", [N, 1, 6]), -0.3);
      return weft.softmax(weft.where(mask, scores, -1e30));
    },
  },
  {
    name: "what is not taken may be out of range",
    given: { x: ndarray([1, 4], [-4, 0, 4, 9]) },
    batches: [1],
    build: () => {
      const x = input("x", [N, 4]);
      return weft.where(weft.greater(x, 0), weft.sqrt(weft.max(x, 0)), 0);
    },
  },
]);
