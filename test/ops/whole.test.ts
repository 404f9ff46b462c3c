/** Between numbers and whole numbers, sorted places, sums of all before, products, and sums by letters. */
import * as weft from "weftgpu";
import { input, N, param } from "weftgpu";
import { ndarray } from "../oracle/array.ts";
import { type Case, checkOp, useDevice } from "./cases.ts";

useDevice();

const rows = (width = 9) => input("x", [N, width]);
const image = () => input("x", [N, 3, 4, 5]);
/** Elements that are equal, at both ends and in the middle. */
const ties = { x: ndarray([2, 9], [3, 1, 3, 0, -2, 3, -2, 1, 0, 5, 5, 5, 5, 5, 5, 5, 5, 5]) };
const tied = (name: string, build: Case["build"]): Case => ({
  name,
  given: ties,
  batches: [2],
  jumps: true,
  build,
});

for (const [op, f] of [
  ["argmax", weft.argmax],
  ["argmin", weft.argmin],
] as const)
  checkOp(op, [
    { name: "of rows", build: () => f(rows()) },
    { name: "of channels, kept", build: () => f(image(), { axis: 1, keepDims: true }) },
    { name: "of one element", build: () => f(input("x", [N, 3, 1])) },
    { name: "of long rows", build: () => f(rows(1000)) },
    { name: "of what is computed", build: () => f(weft.mul(weft.add(rows(33), 0.1), 1.7)) },
    tied("the first of equal ones", () => f(rows())),
    tied("the last of equal ones", () => f(rows(), { last: true })),
    { name: "says where is read", build: () => weft.gather(param("table", [9, 4]), f(rows())) },
  ]);

const numbers = [-3.7, -1, -0.2, 0, 0.2, 0.99, 1, 2.5, 1e6 + 0.5];
const some = { x: ndarray([1, 9], numbers) };
checkOp("cast", [
  {
    name: "to i32, towards 0",
    given: some,
    batches: [1],
    jumps: true,
    build: () => weft.cast(rows(), { to: "i32" }),
  },
  { name: "to u32", given: some, batches: [1], jumps: true, build: () => weft.cast(rows(), { to: "u32" }) },
  {
    name: "there and back in one kernel",
    given: some,
    batches: [1],
    jumps: true,
    build: () => weft.add(weft.cast(weft.cast(rows(), { to: "i32" }), { to: "f32" }), rows2()),
  },
  {
    name: "whole numbers to compute with",
    build: () => weft.mul(weft.cast(input("t", [N, 5], { dtype: "i32" }), { to: "f32" }), 0.5),
  },
  {
    name: "computed places",
    build: () =>
      weft.gather(param("table", [9, 4]), weft.cast(weft.mul(weft.sigmoid(rows(3)), 8.9), { to: "i32" })),
    withoutOnnx: "a place at a jump may be rounded",
  },
]);
const rows2 = () => input("y", [N, 9]);

checkOp("ranking", [
  { name: "the largest first", build: () => weft.ranking(rows()) },
  {
    name: "the smallest first, along channels",
    build: () => weft.ranking(image(), { axis: 1, largest: false }),
  },
  tied("equal ones keep their order", () => weft.ranking(rows())),
]);
for (const part of [0, 1] as const)
  checkOp(part === 0 ? "topK: values" : "topK: indices", [
    { name: "of rows", build: () => weft.topK(rows(), { count: 4 })[part] },
    { name: "one", build: () => weft.topK(rows(), { count: 1 })[part] },
    { name: "all, the smallest first", build: () => weft.topK(rows(), { count: 9, largest: false })[part] },
    {
      name: "of rows of pixels that are computed",
      build: () => weft.topK(weft.sigmoid(image()), { count: 2, axis: 2 })[part],
    },
    tied("of equal ones those in front", () => weft.topK(rows(), { count: 5 })[part]),
    { name: "of 100", build: () => weft.topK(rows(100), { count: 5 })[part] },
  ]);

const places = () => input("t", [N, 4], { dtype: "i32" });
const ofPlaces = { t: ndarray([2, 4], [0, 2, 6, 1, 3, 3, 9, 5]) };
checkOp("oneHot", [
  {
    name: "classes behind",
    given: ofPlaces,
    batches: [2],
    jumps: true,
    build: () => weft.oneHot(places(), { count: 7 }),
  },
  {
    name: "classes in front",
    given: ofPlaces,
    batches: [2],
    jumps: true,
    build: () => weft.oneHot(places(), { count: 7, axis: 1 }),
  },
  {
    name: "of the largest",
    build: () => weft.oneHot(weft.argmax(image(), { axis: 1 }), { count: 3, axis: 1 }),
  },
]);
/** Places that several updates go to, and one that none does. */
const twice = { t: ndarray([2, 4], [3, 1, 3, 0, 5, 5, 5, 8]) };
for (const reduction of ["none", "add", "mul", "max", "min"] as const)
  checkOp(`scatterElements, ${reduction}`, [
    {
      name: "along rows, several to one place",
      given: twice,
      batches: [2],
      build: () =>
        weft.scatterElements(rows(), input("t", [N, 4], { dtype: "i32" }), input("u", [N, 4]), { reduction }),
    },
    {
      name: "along channels, fewer pixels",
      build: () =>
        weft.scatterElements(
          input("x", [2, 3, 4, 5]),
          weft.constant(
            Array.from({ length: 12 }, (_, i) => i % 3),
            [1, 2, 2, 3],
            { dtype: "i32" },
          ),
          param("u", [1, 2, 2, 3]),
          { axis: 1, reduction },
        ),
      batches: [1],
    },
  ]);
for (const reduction of ["none", "add", "max"] as const)
  checkOp(`scatterND, ${reduction}`, [
    {
      name: "elements, the last again",
      build: () =>
        weft.scatterND(
          param("x", [3, 4]),
          weft.constant([0, 1, 2, 3, 0, 1], [3, 2], { dtype: "i32" }),
          input("u", [3]),
          { reduction },
        ),
    },
    {
      name: "rows",
      build: () =>
        weft.scatterND(
          param("x", [4, 5]),
          weft.constant([3, 1], [2, 1], { dtype: "i32" }),
          input("u", [2, 5]),
          {
            reduction,
          },
        ),
    },
  ]);
checkOp("gatherND", [
  {
    name: "elements",
    build: () => weft.gatherND(param("x", [3, 4, 2]), weft.constant([0, 3, 2, 1], [2, 2], { dtype: "i32" })),
  },
  {
    name: "of each example",
    build: () => weft.gatherND(image(), weft.cast(input("t", [N, 2, 2]), { to: "i32" }), { batchDims: 1 }),
  },
]);
checkOp("gatherElements", [
  { name: "along rows", build: () => weft.gatherElements(rows(), places()) },
  {
    name: "along channels",
    build: () => weft.gatherElements(image(), input("t", [N, 2, 4, 5], { dtype: "u32" }), { axis: 1 }),
  },
  {
    name: "what topK found",
    build: () => {
      const x = rows();
      return weft.gatherElements(rows2(), weft.topK(x, { count: 3 })[1]);
    },
  },
]);

for (const exclusive of [false, true])
  for (const reverse of [false, true])
    checkOp(`cumsum${exclusive ? ", exclusive" : ""}${reverse ? ", from the end" : ""}`, [
      { name: "of rows", build: () => weft.cumsum(rows(), { exclusive, reverse }) },
      { name: "of rows of pixels", build: () => weft.cumsum(image(), { axis: 2, exclusive, reverse }) },
      { name: "of long rows", build: () => weft.cumsum(rows(300), { exclusive, reverse }) },
    ]);

checkOp("prod", [
  { name: "of rows", build: () => weft.prod(rows(), { axis: 1 }) },
  { name: "of two axes, kept", scale: 2, build: () => weft.prod(image(), { axis: [1, 3], keepDims: true }) },
  {
    name: "of long rows near 1",
    build: () => weft.prod(weft.add(weft.mul(rows(500), 0.01), 1), { axis: 1 }),
  },
  {
    name: "of a constant",
    build: () => weft.mul(weft.prod(weft.add(weft.mul(rows(5), 0), 2), { axis: 1 }), 1),
  },
  { name: "over the batch", build: () => weft.prod(rows(5), { axis: 0 }) },
]);
checkOp("l1", [
  { name: "of rows", build: () => weft.l1(rows(), { axis: -1 }) },
  { name: "of two axes, kept", scale: 1e4, build: () => weft.l1(image(), { axis: [1, 3], keepDims: true }) },
]);
checkOp("l2", [
  { name: "of rows", build: () => weft.l2(rows(), { axis: 1 }) },
  { name: "of long rows", build: () => weft.l2(rows(500), { axis: 1 }) },
  { name: "of everything, kept", scale: 1e4, build: () => weft.l2(image(), { keepDims: true }) },
]);
checkOp("sumSquare", [
  { name: "of rows", build: () => weft.sumSquare(rows(), { axis: 1 }) },
  { name: "of two axes", scale: 1e4, build: () => weft.sumSquare(image(), { axis: [2, 3] }) },
]);
checkOp("logSum", [
  { name: "of exponentials", build: () => weft.logSum(weft.exp(rows()), { axis: 1 }) },
  { name: "over the batch", build: () => weft.logSum(weft.abs(rows(5)), { axis: 0 }) },
]);
checkOp("logSumExp", [
  { name: "of rows", build: () => weft.logSumExp(rows(), { axis: -1 }) },
  { name: "of huge numbers", scale: 1e4, build: () => weft.logSumExp(image(), { axis: [2, 3] }) },
  { name: "of everything, kept", build: () => weft.logSumExp(rows(), { keepDims: true }) },
]);

const ein = (name: string, equation: string, ...shapes: readonly (readonly (number | weft.N)[])[]): Case => ({
  name: `${name}: ${equation}`,
  build: () =>
    weft.einsum(
      equation,
      shapes.map((shape, i) =>
        shape[0] === N ? input(`x${i}`, shape) : param(`p${i}`, shape as readonly number[]),
      ),
    ),
});
checkOp("einsum", [
  ein("a matrix product", "ij,jk->ik", [N, 5], [5, 7]),
  ein("attention", "nhqd,nhkd->nhqk", [N, 2, 6, 8], [N, 2, 5, 8]),
  ein("heads side by side", "nqd,hde->nhqe", [N, 6, 8], [2, 8, 4]),
  ein("a sum and a transposition", "nchw->nwc", [N, 3, 4, 5]),
  ein("a diagonal", "nii->ni", [N, 4, 4]),
  ein("a trace", "nii->n", [N, 4, 4]),
  ein("outer products", "ni,nj->nij", [N, 3], [N, 4]),
  ein("three", "ni,ij,nj->n", [N, 3], [3, 4], [N, 4]),
  ein("without an arrow", "ij,kj", [N, 5], [7, 5]),
  ein("axes of size 1", "nij,njk->nik", [N, 3, 1], [N, 4, 2]),
  ein("over the batch", "ni,nj->ij", [N, 3], [N, 4]),
]);
