/**
 * Results where another type is wanted of them: a parameter, an annotation, a result. What is wanted does not stand in
 * for an option that is left out.
 */
import type { Shape, Tensor } from "../../../compiler/dsl/index.ts";
import * as w from "../../../compiler/dsl/index.ts";
import { N } from "../../../compiler/dsl/index.ts";

const a = w.input("a", [N, 4]);
const b = w.input("b", [N, 6]);
const image = w.input("image", [N, 4, 8, 8]);

const ten = (t: Tensor<[N, 10]>): Tensor => t;
const four = (t: Tensor<[N, 4]>): Tensor<[N, 4]> => t;
const maps = (t: Tensor<[N, 4, 8, 8]>): Tensor => t;
const halves = (t: Tensor<[N, 4, 4, 4]>): Tensor => t;
const point = (t: Tensor<[N, 4, 1, 1]>): Tensor => t;
const number = (t: Tensor<[]>): Tensor => t;
const any = <S extends Shape>(t: Tensor<S>): Tensor<S> => t;
const joined = (): Tensor<[N, 10]> => w.concat([a, b]);

export const annotated: Tensor<[N, 10]> = w.concat([a, b]);
export const through: Tensor<[N, 10]> = any(w.relu(w.concat([a, b])));
export const results: readonly Tensor[] = [
  joined(),
  ten(w.concat([a, b])),
  ten(w.concat([a, b], { axis: 1 })),
  ten(w.linear(w.concat([a, b]), { out: 10 })),
  maps(w.conv2d(image, { out: 4, kernel: 3, padding: 1 })),
  maps(w.conv2d(image, { out: 4, kernel: 1, weight: w.param("k", [4, 4, 1, 1]) })),
  halves(w.conv2d(image, { out: 4, kernel: 5 })),
  halves(w.maxPool2d(image, { kernel: 2 })),
  halves(w.avgPool2d(image, { kernel: 2 })),
  four(w.flatten(w.globalAvgPool2d(image))),
  four(w.sum(image, { axis: [2, 3] })),
  four(w.max(image, { axis: [2, 3] })),
  point(w.mean(image, { axis: [2, 3], keepDims: true })),
  number(w.mean(image)),
  number(w.max(image)),
  four(w.softmax(a)),
  four(w.add(a, a)),
  four(w.add(a, 1)),
  four(w.max(a, 1)),
  four(w.clip(a, { min: 0 })),
  four(w.matmul(a, w.param("m", [4, 4]))),
  four(w.transpose(a, [0, 1])),
  maps(w.transpose(image)),
  maps(w.batchNorm2d(image)),
  maps(w.pad(w.input("small", [N, 4, 6, 6]), { padding: 1 })),
  four(w.slice(b, { end: 4 })),
  four(w.split(w.input("eight", [N, 8]), { parts: 2 })[1]),
  four(w.split(b, { sizes: [2, 4] })[1]),
  four(w.pipe(a, w.relu(), w.linear({ out: 4 }))),
  four(w.sequential(w.relu(), w.linear({ out: 4 }))(a)),
  four(w.residual(w.linear({ out: 4 }))(a)),
];

// Options of an op of one's own, which its shape does not mention.
const scaled = w.defineOp({
  name: "scaledBy",
  shape: ([x]: [[N, number]]) => x,
  value: ({ at: [n, i], inputs: [x], options }) => x.at(n, i).times(Number(options["factor"])),
});
const typed = w.defineOp({
  name: "typedBy",
  shape: ([x]: [[N, number]], _: { factor: number }) => x,
  value: ({ at: [n, i], inputs: [x], options }) => x.at(n, i).times(options.factor),
});
const plain = w.defineOp({
  name: "plainly",
  shape: ([x]: [[N, number]]) => x,
  value: ({ at: [n, i], inputs: [x] }) => x.at(n, i),
});
export const options: readonly Tensor<[N, number]>[] = [
  scaled(a, { factor: 2 }),
  scaled({ factor: 2 })(a),
  scaled(a, { factor: "3" }),
  typed(a, { factor: 2 }),
  typed({ factor: 2 })(a),
  plain(a),
  plain()(a),
];
