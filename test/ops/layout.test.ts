/** Ops that move elements. */
import { abs, add, concat, exp, flatten, input, linear, N, pad, param, reshape, transpose } from "weftgpu";
import { checkOp, useDevice } from "./cases.ts";

useDevice();

const image = () => input("x", [N, 3, 5, 7]);

checkOp("flatten", [
  { name: "an image", build: () => flatten(image()) },
  { name: "a matrix stays one", build: () => flatten(input("x", [N, 6])) },
  { name: "between two layers", build: () => linear(flatten(abs(image())), { out: 5 }) },
]);

checkOp("reshape", [
  { name: "to a row", build: () => reshape(image(), [N, 105]) },
  { name: "−1 is what is left", build: () => reshape(image(), [N, 7, -1]) },
  { name: "sizes that do not line up", build: () => exp(reshape(input("x", [N, 6, 35]), [N, 10, 21])) },
  { name: "sizes of 1", build: () => reshape(input("x", [N, 4]), [N, 1, 4, 1]) },
  { name: "without N", batches: [1], build: () => abs(reshape(input("x", [6, 4]), [3, 8])) },
  {
    name: "read through a transpose",
    build: () => add(reshape(transpose(image(), [0, 2, 3, 1]), [N, 35, 3]), param("p", [3])),
  },
]);

checkOp("transpose", [
  { name: "the last two axes", build: () => transpose(image()) },
  { name: "channels last", build: () => transpose(image(), [0, 2, 3, 1]) },
  { name: "negative axes", build: () => transpose(image(), [0, -1, 1, 2]) },
  { name: "a matrix", batches: [1], build: () => transpose(input("x", [5, 7])) },
  { name: "then a dense layer", build: () => linear(transpose(image()), { out: 4 }) },
]);

checkOp("concat", [
  {
    name: "channels",
    build: () => concat([image(), input("z", [N, 2, 5, 7])]),
  },
  { name: "the last axis", build: () => concat([image(), input("z", [N, 3, 5, 1])], { axis: -1 }) },
  {
    name: "an input, its exponential and itself",
    build: () => {
      const x = image();
      return concat([x, exp(x), x]);
    },
  },
  { name: "a single one", build: () => concat([image()]) },
  {
    name: "ten parts",
    build: () => {
      const x = input("x", [N, 2, 3]);
      return concat(
        Array.from({ length: 10 }, (_, i) => add(x, i)),
        { axis: 2 },
      );
    },
  },
  {
    name: "ten inputs: more than a kernel may bind",
    build: () =>
      concat(
        Array.from({ length: 10 }, (_, i) => input(`x${i}`, [N, i + 1, 3])),
        { axis: 1 },
      ),
  },
]);

checkOp("pad", [
  { name: "all sides", build: () => pad(image(), { padding: 2 }) },
  { name: "top 1, right 3, value −0.5", build: () => pad(image(), { padding: [1, 0, 0, 3], value: -0.5 }) },
  { name: "nothing", build: () => pad(image(), { padding: 0 }) },
  { name: "a matrix", batches: [1], build: () => pad(input("x", [3, 4]), { padding: [1, 2] }) },
  { name: "of a transcendental value", build: () => pad(exp(image()), { padding: 1, value: 2 }) },
]);
