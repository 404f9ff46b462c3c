/** Every op in layer form: applied, in a chain, and around a shortcut. */
import type { Shape, Tensor } from "../../../compiler/dsl/index.ts";
import * as w from "../../../compiler/dsl/index.ts";
import { N } from "../../../compiler/dsl/index.ts";
import { same } from "./equal.ts";

const image = w.input("image", [N, 3, 32, 32]);
const tokens = w.input("tokens", [N, 128, 64]);
const matrix = w.input("matrix", [N, 8, 8]);
const kernel = w.param("kernel", [2, 2]);
const size: number = 4;

const stem = w.sequential(
  w.conv2d({ out: 8, kernel: 3, padding: "same", stride: 2 }),
  w.batchNorm2d(),
  w.relu(),
);
const block = w.residual(w.sequential(w.conv2d({ out: 8, kernel: 3, padding: 1 }), w.relu6()));

export const checks: readonly true[] = [
  same<Tensor<[N, 6, 14, 13]>>()(w.conv2d({ out: 6, kernel: [5, 7], stride: 2 })(image)),
  same<Tensor<[N, 6, 28, 28]>>()(
    w.conv2d({ out: 6, kernel: 5, weight: w.param("k", [6, 3, 5, 5]), bias: w.param("b", [6]) })(image),
  ),
  same<Tensor<[N, 128, 7]>>()(w.linear({ out: 7, weight: w.param("w", [7, 64]) })(tokens)),
  same<Tensor<[N, 3, 11, 11]>>()(w.maxPool2d({ kernel: 3, ceilMode: true })(image)),
  same<Tensor<[N, 3, 16, 16]>>()(w.avgPool2d({ kernel: 2 })(image)),
  same<Tensor<[N, 3, 1, 1]>>()(w.globalAvgPool2d()(image)),
  same<Tensor<[N, 128, 7]>>()(w.linear({ out: 7, in: 64 })(tokens)),
  same<Tensor<[N, 128, 2]>>()(w.matmul(w.param("p", [64, 2]))(tokens)),
  same<Tensor<[N, 7, 7]>>()(w.corr2d(kernel)(matrix)),
  same<Tensor<[N, 3072]>>()(w.flatten()(image)),
  same<Tensor<[N, 3, 512, 2]>>()(w.reshape([N, 3, -1, 2])(image)),
  same<Tensor<[N, 64, 128]>>()(w.transpose()(tokens)),
  same<Tensor<[N, 32, 32, 3]>>()(w.transpose([0, 2, 3, 1])(image)),
  same<Tensor<[N, 3, 34, 34]>>()(w.pad({ padding: 1 })(image)),
  same<Tensor<[N, 128]>>()(w.mean({ axis: -1 })(tokens)),
  same<Tensor<[N, 128, 1]>>()(w.max({ axis: 2, keepDims: true })(tokens)),
  same<Tensor<[N, 128, 64]>>()(w.max(0)(tokens)),
  same<Tensor<[N, 128, 64]>>()(w.add(1)(tokens)),
  same<Tensor<[N, 3, 32, 32]>>()(w.mul(w.param("s", [3, 1, 1]))(image)),
  same<Tensor<[N, 128, 64]>>()(w.softmax()(tokens)),
  same<Tensor<[N, 128, 64]>>()(w.logSoftmax({ axis: 1 })(tokens)),
  same<Tensor<[N, 128, 64]>>()(w.layerNorm({ dims: 2 })(tokens)),
  same<Tensor<[N, 128, 64]>>()(w.leakyRelu({ slope: 0.1 })(tokens)),
  same<Tensor<[N, 3, 32, 32]>>()(w.batchNorm2d({ eps: 1e-3 })(image)),
  same<Tensor<[N, 8, 16, 16]>>()(stem(image)),
  same<Tensor<[N, 8, 16, 16]>>()(w.pipe(image, stem, block, block, w.dropout({ p: 0.1 }))),
  same<Tensor<[N, 8]>>()(w.pipe(image, stem, block, w.mean({ axis: [2, 3] }))),
  same<Tensor<[N, number, 32, 32]>>()(w.pipe(image, w.conv2d({ out: size, kernel: 1 }), w.gelu())),
  same<Tensor<[N, 3, 32, 32]>>()(w.pipe(image)),
  same<Tensor<Shape>>()(w.pipe(image as Tensor, w.linear({ out: 3 }))),
];
