/** Elementwise ops, one and two operands. */
import * as weft from "weftgpu";
import { input, N, param } from "weftgpu";
import { ndarray } from "../oracle/array.ts";
import { type Case, checkOp, useDevice } from "./cases.ts";

useDevice();

const row = () => input("x", [N, 23]);
/** What breaks naive formulas: zeros, small, moderate and huge values of both signs. */
const hard = [
  0, -0, 1, -1, 0.5, -0.5, 1e-3, -1e-3, 3, -3, 5.9, 6.1, -6, 8.5, -8.5, 20, -20, 88, -88, 200, -200, 1e4,
  -1e4,
];
const hardInput = { x: ndarray([1, hard.length], hard) };

type Unary = (x: weft.Tensor) => weft.Tensor;

function cases(f: Unary): readonly Case[] {
  return [
    { name: "values in ±1, an odd number of them", build: () => f(row()) },
    { name: "an image of sizes that vectors divide", scale: 4, build: () => f(input("x", [N, 4, 4, 8])) },
    { name: "zeros, tiny and huge values up to 1e4", given: hardInput, batches: [1], build: () => f(row()) },
    { name: "±1e4", scale: 1e4, build: () => f(row()) },
  ];
}

const everywhere: Readonly<Record<string, Unary>> = {
  relu: (x) => weft.relu(x),
  relu6: (x) => weft.relu6(x),
  sigmoid: (x) => weft.sigmoid(x),
  tanh: (x) => weft.tanh(x),
  gelu: (x) => weft.gelu(x),
  silu: (x) => weft.silu(x),
  elu: (x) => weft.elu(x),
  "elu, alpha 1.5": (x) => weft.elu(x, { alpha: 1.5 }),
  leakyRelu: (x) => weft.leakyRelu(x),
  "leakyRelu, slope 0.3": (x) => weft.leakyRelu(x, { slope: 0.3 }),
  selu: (x) => weft.selu(x),
  celu: (x) => weft.celu(x),
  "celu, alpha 0.3": (x) => weft.celu(x, { alpha: 0.3 }),
  softplus: (x) => weft.softplus(x),
  softsign: (x) => weft.softsign(x),
  mish: (x) => weft.mish(x),
  thresholdedRelu: (x) => weft.thresholdedRelu(x),
  "thresholdedRelu, alpha −0.2": (x) => weft.thresholdedRelu(x, { alpha: -0.2 }),
  prelu: (x) => weft.prelu(x, 0.3),
  floor: (x) => weft.floor(x),
  ceil: (x) => weft.ceil(x),
  round: (x) => weft.round(x),
  sign: (x) => weft.sign(x),
  "sin, up to 1e4": (x) => weft.sin(x),
  "cos, up to 1e4": (x) => weft.cos(x),
  atan: (x) => weft.atan(x),
  asinh: (x) => weft.asinh(x),
  erf: (x) => weft.erf(x),
  hardSigmoid: (x) => weft.hardSigmoid(x),
  hardSwish: (x) => weft.hardSwish(x),
  abs: (x) => weft.abs(x),
  neg: (x) => weft.neg(x),
  "clip to ±0.5": (x) => weft.clip(x, { min: -0.5, max: 0.5 }),
  "clip from below": (x) => weft.clip(x, { min: 0.25 }),
  "clip from above": (x) => weft.clip(x, { max: 0.25 }),
  dropout: (x) => weft.dropout(x, { p: 0.9 }),
};
for (const [name, f] of Object.entries(everywhere)) checkOp(name, cases(f));

/** Numbers for which a function is defined and finite. */
const positive = { x: ndarray([1, 8], [1e-6, 1e-3, 0.5, 1, 1.0001, 2, 100, 1e6]) };
const eight = () => input("x", [N, 8]);

checkOp("exp", [
  { name: "±10", scale: 10, build: () => weft.exp(row()) },
  { name: "±80", scale: 80, build: () => weft.exp(row()) },
]);
checkOp("log", [{ name: "1e-6 … 1e6", given: positive, batches: [1], build: () => weft.log(eight()) }]);
checkOp("sqrt", [
  { name: "1e-6 … 1e6", given: positive, batches: [1], build: () => weft.sqrt(eight()) },
  { name: "0", given: { x: ndarray([1, 1], [0]) }, batches: [1], build: () => weft.sqrt(input("x", [N, 1])) },
]);

const image = () => input("a", [N, 3, 5, 4]);
type Binary = (a: weft.Tensor, b: weft.Tensor | number) => weft.Tensor;

function binaryCases(f: Binary): readonly Case[] {
  return [
    { name: "equal shapes", build: () => f(image(), input("b", [N, 3, 5, 4])) },
    { name: "a number", build: () => f(image(), 1.5) },
    { name: "a number on the left", build: () => f(weft.add(param("z", []), 1.5), image()) },
    { name: "a tensor without dimensions", build: () => f(image(), param("b", [])) },
    { name: "one per channel", build: () => f(image(), param("b", [3, 1, 1])) },
    { name: "one per column", build: () => f(image(), param("b", [4])) },
    { name: "rows against columns", build: () => f(input("a", [N, 5, 1]), input("b", [N, 1, 7])) },
    { name: "one per example", build: () => f(image(), input("b", [N, 1, 1, 1])) },
    { name: "the same tensor on both sides", build: () => withItself(f) },
    { name: "up to 1e4", scale: 1e4, build: () => f(image(), input("b", [N, 3, 5, 4])) },
  ];
}

function withItself(f: Binary): weft.Tensor {
  const a = image();
  return f(a, weft.abs(a));
}

const binary = {
  add: weft.add,
  sub: weft.sub,
  mul: weft.mul,
  max: weft.max,
  min: weft.min,
} as unknown as Readonly<Record<string, Binary>>; // shapes are checked at run time
for (const [name, f] of Object.entries(binary)) checkOp(name, binaryCases(f));

const away = (b: weft.Tensor) => weft.add(weft.abs(b), 0.5);
checkOp("div", [
  { name: "by numbers of at least a half", build: () => weft.div(image(), away(input("b", [N, 3, 5, 4]))) },
  { name: "by a number", build: () => weft.div(image(), -3) },
  { name: "a number by a tensor", build: () => weft.div(2, away(image())) },
  { name: "one per channel", build: () => weft.div(image(), away(param("b", [3, 1, 1]))) },
]);
checkOp("pow", [
  { name: "squares of both signs", build: () => weft.pow(image(), 2) },
  { name: "cubes of both signs", build: () => weft.pow(image(), 3) },
  { name: "to the power of 0", build: () => weft.pow(image(), 0) },
  { name: "to the power of 1", build: () => weft.pow(image(), 1) },
  { name: "roots", build: () => weft.pow(away(image()), 0.5) },
  { name: "negative exponents", build: () => weft.pow(away(image()), -2) },
  { name: "a number to the power of a tensor", build: () => weft.pow(2, image()) },
  {
    name: "a tensor to the power of a tensor",
    build: () => weft.pow(away(image()), input("b", [N, 3, 5, 4])),
  },
  {
    name: "(−2)³ and (−2)⁴",
    given: { a: ndarray([1, 2], [-2, -2]), b: ndarray([2], [3, 4]) },
    batches: [1],
    build: () => weft.pow(input("a", [N, 2]), param("b", [2])),
  },
]);
