/**
 * Types stand aside where they cannot know: inside a user's generic function, for sizes that are not literals,
 * and for unions. None of these programs may be rejected.
 */
import type { Dim, N, Shape, Tensor } from "../../../compiler/dsl/index.ts";
import * as w from "../../../compiler/dsl/index.ts";
import { same } from "./equal.ts";

// Ops inside a generic function.
export function block<S extends Shape, C extends number>(x: Tensor<S>, out: C) {
  const a = w.relu(w.batchNorm2d(w.conv2d(x, { out, kernel: 3, padding: 1 })));
  const b = w.conv2d(a, { out, kernel: 3, padding: 1, groups: 2 });
  const c = w.pipe(x, w.conv2d({ out, kernel: 1 }), w.relu());
  const d = w.maxPool2d(w.add(b, c), { kernel: 2 });
  const e = w.concat([d, d], { axis: 1 });
  const f = w.flatten(w.transpose(e, [0, 2, 3, 1]));
  return w.softmax(w.linear(f, { out, in: 200 }));
}
export function attention<const T extends number, const D extends number>(x: Tensor<[N, T, D]>, width: D) {
  const q = w.linear(x, { out: width });
  const k = w.linear(x, { out: width });
  const scores = w.softmax(w.mul(w.matmul(q, w.transpose(k)), 0.125));
  return w.add(x, w.matmul(scores, w.linear(x, { out: width })));
}
export function halves<S extends Shape>(x: Tensor<S>) {
  const [a, b] = w.split(x, { parts: 2 });
  const [c, d] = w.split(w.slice(x, { start: 1, end: 4 }), { sizes: [1, 2] });
  return [a, b, c, d];
}
export function cut<const R extends readonly number[]>(x: Tensor<[N, 12]>, sizes: R) {
  return w.split(x, { sizes });
}
export function reshaped<const R extends readonly number[]>(x: Tensor<[N, 12]>, ...rest: R) {
  return w.reshape(x, [w.N, ...rest]);
}
/** A layer whose size is a type parameter, applied to a tensor that is known. */
export const applied = <O extends number>(out: O, x: Tensor<[N, 3, 32, 32]>) =>
  w.conv2d({ out, kernel: 5, groups: 3 })(x);
export const chain = <O extends number>(out: O, x: Tensor<[N, 3, 32, 32]>) =>
  w.sequential(w.conv2d({ out, kernel: 5 }), w.conv2d({ out: 4, kernel: 3, groups: 2 }))(x);
export const asModel = <O extends number>(out: O, x: Tensor<[N, 3, 32, 32]>) =>
  w.model("m", x, w.sequential(w.conv2d({ out, kernel: 5 }), w.conv2d({ out: 4, kernel: 3, groups: 2 })));

// Helpers over tensors of any shape.
const anyBlock = (x: Tensor, out: number) => w.relu(w.conv2d(x, { out, kernel: 3, padding: 1 }));
const images = (x: Tensor<[N, number, number, number]>) => w.maxPool2d(anyBlock(x, 8), { kernel: 2 });

// A loop over layers.
let x: Tensor = w.input("x", [w.N, 3, 32, 32]);
for (const out of [8, 16, 32]) x = w.relu(w.conv2d(x, { out, kernel: 3 }));
const classes = w.linear(w.flatten(x), { out: 10 });
const layers = [8, 16].map((out) => w.conv2d({ out, kernel: 3 }));
const mapped = w.sequential(...layers);

// Unions.
const odd = 3 as 3 | 5 | 99;
const either = 1 as 1 | 2;
const flag = true as boolean;
const image = w.input("image", [w.N, 3, 32, 32]);
const maybe = w.input("maybe", [w.N, 3 as 3 | 6, 32, 32]);

export const checks: readonly true[] = [
  same<Tensor<[Dim, number, number, number]>>()(anyBlock(image, 4)),
  same<Tensor<[Dim, number, number, number]>>()(images(image)),
  same<Tensor<[Dim, number]>>()(w.flatten(x)),
  same<Tensor<[Dim, 10]>>()(classes),
  same<Tensor<[N, 4, 30 | 28, 30 | 28]>>()(w.conv2d(image, { out: 4, kernel: odd })),
  same<Tensor<[N, 3, 11 | 10, 11 | 10]>>()(w.maxPool2d(image, { kernel: 3, ceilMode: flag })),
  same<Tensor<Shape>>()(w.sum(image, { axis: either })),
  same<Tensor<Shape>>()(w.sum(image, { axis: 1, keepDims: flag })),
  same<Tensor<Shape>>()(mapped(image)),
  same<Tensor<[N, 4, 30, 30]>>()(w.conv2d(maybe, { out: 4, kernel: 3, groups: 1 })),
  same<Tensor<[N, 3, 32, 32]>>()(w.add(image, w.input("y", [w.N, 3 as number, 32, 32]))),
];

export const ran = [
  block(w.input("x", [w.N, 4, 4, 10]), 10),
  attention(w.input("x", [w.N, 5, 8]), 8),
  halves(w.input("x", [w.N, 8])),
  cut(w.input("x", [w.N, 12]), [5, 7]),
  reshaped(w.input("x", [w.N, 12]), 3, 4),
  applied(6, image),
  chain(6, image),
  asModel(6, image),
];
