/** The exact type of every op's result, in functional form. */
import type { Dim, Shape, Tensor } from "../../../compiler/dsl/index.ts";
import * as w from "../../../compiler/dsl/index.ts";
import { N } from "../../../compiler/dsl/index.ts";
import { same } from "./equal.ts";

const image = w.input("image", [N, 3, 32, 32]);
const tokens = w.input("tokens", [N, 128, 64]);
const tokens64 = w.input("tokens64", [N, 64, 128]);
const volume = w.input("volume", [N, 2, 4, 8, 16]);
const rows = w.input("rows", [N, 10]);
const words = w.input("words", [N, 7], { dtype: "i32" });
const few = w.input("few", [4], { dtype: "i32" });
const size: number = 4;
const axis: number = 2;
const rest: number = 2048;
const any: Tensor = w.input("any", [N, 4, 8, 8]);
const anyKernel: Tensor = w.param("k", [6, 3, 5, 5]);
const anyBias: Tensor = w.param("b", [6]);

export const checks: readonly true[] = [
  same<Tensor<[N, 1, 28, 28]>>()(w.input("x", [N, 1, 28, 28])),
  same<Tensor<[N, number, 8]>>()(w.input("x", [N, size, 8])),
  same<Tensor<[16, 3]>>()(w.param("w", [16, 3], w.kaimingNormal())),

  same<Tensor<[2, 2]>>()(w.constant([1, 2, 3, 4], [2, 2])),
  same<Tensor<[3]>>()(w.constant(Int32Array.of(1, 2, 3), [3], { dtype: "i32" })),
  same<w.Initializer>()(w.constant(0.5)),

  // conv2d
  same<Tensor<[N, 6, 28, 28]>>()(w.conv2d(image, { out: 6, kernel: 5 })),
  same<Tensor<[N, 6, 32, 32]>>()(w.conv2d(image, { out: 6, kernel: 5, padding: 2 })),
  same<Tensor<[N, 6, 16, 16]>>()(w.conv2d(image, { out: 6, kernel: 3, padding: 1, stride: 2 })),
  same<Tensor<[N, 6, 32, 30]>>()(w.conv2d(image, { out: 6, kernel: [3, 5], padding: [1, 1] })),
  same<Tensor<[N, 6, 10, 8]>>()(w.conv2d(image, { out: 6, kernel: [3, 5], padding: [0, 1], stride: [3, 4] })),
  same<Tensor<[N, 6, 33, 37]>>()(w.conv2d(image, { out: 6, kernel: 3, padding: [1, 2, 3, 4] })),
  same<Tensor<[N, 6, 24, 24]>>()(w.conv2d(image, { out: 6, kernel: 5, dilation: 2 })),
  same<Tensor<[N, 6, 32, 32]>>()(w.conv2d(image, { out: 6, kernel: 4, padding: "same" })),
  same<Tensor<[N, 6, 11, 11]>>()(w.conv2d(image, { out: 6, kernel: 2, padding: "same", stride: 3 })),
  same<Tensor<[N, 6, 30, 30]>>()(
    w.conv2d(image, { out: 6, kernel: 3, groups: 3, bias: false, init: w.kaimingUniform() }),
  ),
  same<Tensor<[N, number, 30, 30]>>()(w.conv2d(image, { out: size, kernel: 3 })),
  same<Tensor<[N, 6, number, number]>>()(w.conv2d(image, { out: 6, kernel: size })),
  same<Tensor<[N, 6, 30, number]>>()(w.conv2d(image, { out: 6, kernel: [3, size] })),

  // given parameters
  same<Tensor<[N, 6, 28, 28]>>()(
    w.conv2d(image, {
      out: 6,
      kernel: 5,
      weight: w.param("k", [6, 3, 5, 5]),
      bias: w.param("b", [6]),
    }),
  ),
  same<Tensor<[N, 6, 30, 30]>>()(
    w.conv2d(image, { out: 6, kernel: 3, groups: 3, weight: w.param("k", [6, 1, 3, 3]), bias: false }),
  ),
  same<Tensor<[N, 6, 28, number]>>()(
    w.conv2d(image, { out: 6, kernel: [5, size], weight: w.param("k", [6, 3, 5, size]) }),
  ),
  same<Tensor<[N, 6, 28, 28]>>()(w.conv2d(image, { out: 6, kernel: 5, weight: anyKernel, bias: anyBias })),
  same<Tensor<[N, 128, 5]>>()(
    w.linear(tokens, { out: 5, weight: w.transpose(w.param("t", [64, 5])), bias: w.param("b", [5]) }),
  ),
  same<Tensor<[N, 3, 32, 32]>>()(
    w.batchNorm2d(image, { weight: w.param("g", [3]), bias: w.param("b", [3]) }),
  ),
  same<Tensor<[N, 128, 64]>>()(w.layerNorm(tokens, { weight: w.param("g", [64]) })),

  // pooling
  same<Tensor<[N, 3, 16, 16]>>()(w.maxPool2d(image, { kernel: 2 })),
  same<Tensor<[N, 3, 16, 16]>>()(w.maxPool2d(image, { kernel: 3, stride: 2, padding: 1 })),
  same<Tensor<[N, 3, 10, 10]>>()(w.maxPool2d(image, { kernel: 3 })),
  same<Tensor<[N, 3, 11, 11]>>()(w.maxPool2d(image, { kernel: 3, ceilMode: true })),
  same<Tensor<[N, 3, 16, 16]>>()(w.avgPool2d(image, { kernel: 2, countIncludePad: false })),
  same<Tensor<[N, 3, 11, 8]>>()(w.avgPool2d(image, { kernel: [3, 4], ceilMode: true })),
  same<Tensor<[N, 3, 28, 28]>>()(w.maxPool2d(image, { kernel: 3, stride: 1, dilation: 2 })),
  same<Tensor<[N, 3, 1, 1]>>()(w.globalAvgPool2d(image)),

  // sequences and volumes
  same<Tensor<[N, 8, 128]>>()(w.conv1d(tokens64, { out: 8, kernel: 3, padding: 1 })),
  same<Tensor<[N, 8, 66]>>()(w.conv1d(tokens64, { out: 8, kernel: [3], padding: [2, 3], stride: 2 })),
  same<Tensor<[N, 8, 64]>>()(w.conv1d(tokens64, { out: 8, kernel: 4, padding: "sameUpper", stride: 2 })),
  same<Tensor<[N, 8, number]>>()(w.conv1d(tokens64, { out: 8, kernel: size })),
  same<Tensor<[N, 8, 3, 8, 14]>>()(w.conv3d(volume, { out: 8, kernel: [2, 1, 3] })),
  same<Tensor<[N, 8, 5, 6, 15]>>()(
    w.conv3d(volume, { out: 8, kernel: [1, 3, 2], padding: [0, 1, 0, 0, 0, 0] }),
  ),
  same<Tensor<[N, 8, 2, 4, 8]>>()(w.pipe(volume, w.conv3d({ out: 8, kernel: 3, padding: 1, stride: 2 }))),
  same<Tensor<[N, 64, 63]>>()(w.maxPool1d(tokens64, { kernel: 3, stride: 2 })),
  same<Tensor<[N, 64, 62]>>()(w.avgPool1d(tokens64, { kernel: 3, stride: 2, dilation: 2 })),
  same<Tensor<[N, 2, 2, 4, 8]>>()(w.maxPool3d(volume, { kernel: 2 })),
  same<Tensor<[N, 2, 1, 1, 1]>>()(w.globalMaxPool3d(volume)),
  same<Tensor<[N, 64, 1]>>()(w.pipe(tokens64, w.globalAvgPool1d())),

  same<Tensor<[N, 3, 7, 5]>>()(w.adaptiveAvgPool2d(image, { size: [7, 5] })),
  same<Tensor<[N, 64, 9]>>()(w.pipe(tokens64, w.adaptiveMaxPool1d({ size: 9 }))),
  same<Tensor<[N, 3, number, number]>>()(w.adaptiveAvgPool2d(image, { size })),
  same<Tensor<[N, 3, 16, 16]>>()(w.lpPool2d(image, { kernel: 2, p: 1 })),

  // transposed convolutions
  same<Tensor<[N, 8, 64, 64]>>()(w.convTranspose2d(image, { out: 8, kernel: 2, stride: 2 })),
  same<Tensor<[N, 8, 64, 64]>>()(w.convTranspose2d(image, { out: 8, kernel: 4, stride: 2, padding: 1 })),
  same<Tensor<[N, 8, 64, 63]>>()(
    w.convTranspose2d(image, { out: 8, kernel: 3, stride: 2, padding: 1, outputPadding: [1, 0] }),
  ),
  same<Tensor<[N, 8, 131]>>()(
    w.convTranspose1d(tokens64, { out: 8, kernel: 3, dilation: 2, padding: [0, 1] }),
  ),
  same<Tensor<[N, 8, 8, 16, 32]>>()(w.pipe(volume, w.convTranspose3d({ out: 8, kernel: 2, stride: 2 }))),
  same<Tensor<[N, 8, number, number]>>()(w.convTranspose2d(image, { out: 8, kernel: 2, stride: size })),
  same<Tensor<[N, 4, 34, 34]>>()(
    w.convTranspose2d(image, { out: 4, kernel: 3, weight: w.param("k", [3, 4, 3, 3]) }),
  ),

  // resizing
  same<Tensor<[N, 3, 64, 64]>>()(w.upsample(image, { scale: 2 })),
  same<Tensor<[N, 3, number, number]>>()(w.upsample(image, { scale: 1.5, mode: "linear" })),
  same<Tensor<[N, 3, 7, 9]>>()(w.resize(image, { size: [7, 9], mode: "cubic" })),
  same<Tensor<[N, 3, 32, 96]>>()(w.resize(image, { scale: [1, 3] })),
  same<Tensor<[N, 6, 7, 9]>>()(w.resize(image, { size: [6, 7, 9] })),
  same<Tensor<[N, 3, 64, 64]>>()(w.resize(image, { scale: [1, 1, 2, 2] })),
  same<Tensor<[N, 64, 256]>>()(w.pipe(tokens64, w.upsample({ scale: 2 }))),
  same<Tensor<[N, 3, number, number]>>()(w.resize(image, { size })),

  // contractions
  same<Tensor<[N, 20]>>()(w.linear(rows, { out: 20 })),
  same<Tensor<[N, 128, 20]>>()(w.linear(tokens, { out: 20, in: 64 })),
  same<Tensor<[N, 128, 128]>>()(w.matmul(tokens, w.transpose(tokens))),
  same<Tensor<[N, 128, 7]>>()(w.matmul(tokens, w.param("p", [64, 7]))),
  same<Tensor<[N, 8, 16, 5]>>()(w.matmul(w.input("a", [N, 8, 16, 4]), w.input("b", [N, 1, 4, 5]))),
  same<Tensor<[2, 2]>>()(w.corr2d(w.input("x", [3, 3]), w.input("k", [2, 2]))),
  same<Tensor<[N, 6, 7]>>()(w.corr2d(w.input("x", [N, 6, 8]), w.input("k", [1, 2]))),

  // arithmetic
  same<Tensor<[N, 10]>>()(w.add(rows, rows)),
  same<Tensor<[N, 10]>>()(w.add(rows, 2)),
  same<Tensor<[N, 10]>>()(w.sub(1, rows)),
  same<Tensor<[N, 3, 32, 32]>>()(w.mul(image, w.param("s", [3, 1, 1]))),
  same<Tensor<[N, 3, 32, 32]>>()(w.div(w.param("s", [3, 1, 1]), image)),
  same<Tensor<[N, 5, 10]>>()(w.pow(w.input("a", [N, 5, 1]), w.param("b", [10]))),
  same<Tensor<[N, 10]>>()(w.max(rows, 0)),
  same<Tensor<[N, 10]>>()(w.max(rows, rows)),
  same<Tensor<[N, 3, 32, 32]>>()(w.min(w.param("s", [3, 1, 1]), image)),
  same<Tensor<[N]>>()(w.max(rows, { axis: 1 })),
  same<Tensor<[N, 1]>>()(w.min(rows, { axis: -1, keepDims: true })),
  same<Tensor<[]>>()(w.max(rows)),

  // comparisons and choices
  same<Tensor<[N, 10]>>()(w.less(rows, 0)),
  same<Tensor<[N, 5, 10]>>()(w.equal(w.input("a", [N, 5, 1]), w.param("b", [10]))),
  same<Tensor<[N, 10]>>()(w.pipe(rows, w.greater(0), w.not())),
  same<Tensor<[N, 10]>>()(w.where(w.less(rows, 0), rows, 0)),
  same<Tensor<[N, 3, 32, 32]>>()(w.where(w.input("m", [N, 1, 32, 1]), w.param("s", [3, 1, 1]), image)),
  same<Tensor<[N, 10]>>()(w.where(rows, 1, 0)),
  same<Tensor<Shape>>()(w.where(any, any, 0)),
  same<Tensor<[N, 3, 32, 32]>>()(w.prelu(image, w.param("s", [3, 1, 1]))),

  // reductions
  same<Tensor<[N, 3]>>()(w.mean(image, { axis: [2, 3] })),
  same<Tensor<[N, 3]>>()(w.mean(image, { axis: [-1, -2] })),
  same<Tensor<[N, 3, 1, 1]>>()(w.sum(image, { axis: [2, 3], keepDims: true })),
  same<Tensor<[3, 32, 32]>>()(w.sum(image, { axis: 0 })),
  same<Tensor<[]>>()(w.sum(image)),
  same<Tensor<[1, 1]>>()(w.sum(rows, { keepDims: true })),
  same<Tensor<Shape>>()(w.sum(image, { axis })),

  same<Tensor<[N, 3]>>()(w.prod(image, { axis: [2, 3] })),
  same<Tensor<[N, 32, 32]>>()(w.logSumExp(image, { axis: 1 })),
  same<Tensor<[N, 32, 32]>>()(w.l1(image, { axis: 1 })),
  same<Tensor<[N, 1, 32, 32]>>()(w.l2(image, { axis: 1, keepDims: true })),
  same<Tensor<[]>>()(w.sumSquare(image)),
  same<Tensor<[N, 32, 32]>>()(w.logSum(image, { axis: 1 })),
  same<Tensor<[N]>>()(w.argmax(rows)),
  same<Tensor<[N, 1, 32, 32]>>()(w.argmin(image, { axis: 1, keepDims: true })),
  same<Tensor<[N, 128]>>()(w.pipe(tokens, w.argmax({ last: true }))),
  same<[Tensor<[N, 3]>, Tensor<[N, 3]>]>()(w.topK(rows, { count: 3 })),
  same<[Tensor<[N, 5, 64]>, Tensor<[N, 5, 64]>]>()(w.topK(tokens, { count: 5, axis: 1 })),
  same<Tensor<[N, 10]>>()(w.ranking(rows, { largest: false })),
  same<Tensor<[N, 10]>>()(w.pipe(rows, w.cumsum({ exclusive: true }))),
  same<Tensor<[N, 7, 9]>>()(w.oneHot(words, { count: 9 })),
  same<Tensor<[N, 9, 7]>>()(w.pipe(words, w.oneHot({ count: 9, axis: 1 }))),
  same<Tensor<[N, 7]>>()(w.gatherElements(rows, words)),
  same<Tensor<[N, 10]>>()(w.cast(rows, { to: "i32" })),
  same<Tensor<[N, 128, 12]>>()(w.einsum("ntd,de->nte", [tokens, w.param("e", [64, 12])])),
  same<Tensor<[N, 64]>>()(w.einsum("ntd -> nd", [tokens])),
  same<Tensor<Shape>>()(w.einsum("btd,de", [tokens, w.param("e", [64, 12])])),

  same<Tensor<[N, 10]>>()(w.scatterElements(rows, words, w.input("u", [N, 7]))),
  same<Tensor<[9, 4]>>()(
    w.scatterND(w.param("t", [9, 4]), w.input("i", [3, 1], { dtype: "i32" }), w.param("u", [3, 4])),
  ),
  same<Tensor<[3, 4]>>()(w.gatherND(w.param("t", [9, 4]), w.input("i", [3, 1], { dtype: "i32" }))),
  same<Tensor<[N, 5, 32]>>()(w.gatherND(image, w.input("i", [N, 5, 2], { dtype: "i32" }), { batchDims: 1 })),
  same<Tensor<[N, 128, 32]>>()(w.lstm(tokens, { hidden: 32 })),
  same<Tensor<[N, 128, 64]>>()(w.pipe(tokens, w.gru({ hidden: 32, direction: "both" }))),
  same<[Tensor<[N, 128, 64]>, Tensor<[N, 2, 32]>, Tensor<[N, 2, 32]>]>()(
    w.lstm(tokens, { hidden: 32, direction: "both", states: true }),
  ),
  same<[Tensor<[N, 128, 32]>, Tensor<[N, 1, 32]>]>()(w.rnn(tokens, { hidden: 32, states: true })),

  // layout
  same<Tensor<[N, 3072]>>()(w.flatten(image)),
  same<Tensor<[N, 10]>>()(w.flatten(rows)),
  same<Tensor<[N, 3, 1024]>>()(w.reshape(image, [N, 3, -1])),
  same<Tensor<[N, 3072]>>()(w.reshape(image, [N, 3072])),
  same<Tensor<[N, 8, 128, 8]>>()(w.reshape(tokens, [N, 8, 128, 8])),
  same<Tensor<[N, number, 4]>>()(w.reshape(tokens, [N, rest, 4])),
  same<Tensor<[N, 64, 128]>>()(w.transpose(tokens)),
  same<Tensor<[N, 32, 32, 3]>>()(w.transpose(image, [0, 2, 3, 1])),
  same<Tensor<[N, 32, 3, 32]>>()(w.transpose(image, [0, -1, 1, 2])),
  same<Tensor<[N, 7, 16]>>()(w.embedding(words, { count: 100, size: 16 })),
  same<Tensor<[N, 7, 16]>>()(w.pipe(words, w.embedding({ count: 100, size: 16 }))),
  same<Tensor<[N, 7, 32, 32]>>()(w.gather(image, words)),
  same<Tensor<[N, 3, 7, 32]>>()(w.gather(image, words, { axis: 2 })),
  same<Tensor<[N, 3, 32, 4]>>()(w.gather(image, few, { axis: -1 })),
  same<Tensor<[4, 8]>>()(w.gather(w.param("table", [9, 8]), few)),
  same<Tensor<[N, 7, 8]>>()(w.gather(w.param("table", [9, 8]), words)),
  same<Tensor<[N, 6, 32, 32]>>()(w.concat([image, image])),
  same<Tensor<[N, 12, 32, 32]>>()(w.concat([image, image, image, image])),
  same<Tensor<[N, 3, 32, 64]>>()(w.concat([image, image], { axis: -1 })),
  same<Tensor<[N, 30]>>()(w.concat([rows, w.input("y", [N, 20])], { axis: 1 })),
  same<Tensor<[N, 2, 32, 32]>>()(w.slice(image, { end: 2 })),
  same<Tensor<[N, 3, 32, 7]>>()(w.slice(image, { axis: -1, start: 25 })),
  same<Tensor<[N, 128, 1]>>()(w.pipe(tokens, w.slice({ axis: 2, start: 63, end: 64 }))),
  same<Tensor<[N, number, 64]>>()(w.slice(tokens, { start: size })),
  same<[Tensor<[N, 1, 32, 32]>, Tensor<[N, 2, 32, 32]>]>()(w.split(image, { sizes: [1, 2] })),
  same<[Tensor<[N, 128, 32]>, Tensor<[N, 128, 32]>]>()(w.split(tokens, { axis: -1, parts: 2 })),
  same<[Tensor<[N, number, 64]>, Tensor<[N, 100, 64]>]>()(w.split(tokens, { sizes: [28 as number, 100] })),
  same<Tensor<[N, number]>[]>()(w.split(rows, { parts: 5 as number })),
  same<[Tensor<[3, 8]>, Tensor<[3, 8]>, Tensor<[3, 8]>]>()(
    w.split(w.param("table", [9, 8]), { axis: 0, parts: 3 }),
  ),
  same<Tensor<[N, 64, 64]>>()(w.slice(tokens, { step: 2 })),
  same<Tensor<[N, 43, 64]>>()(w.slice(tokens, { start: 1, step: 3 })),
  same<Tensor<[N, 3, 64]>>()(w.slice(tokens, { start: 2, end: 10, step: 3 })),
  same<Tensor<[N, 128, 64]>>()(w.slice(tokens, { step: -1 })),
  same<Tensor<[N, 4, 64]>>()(w.slice(tokens, { start: 10, step: -3 })),
  same<Tensor<[N, 2, 64]>>()(w.slice(tokens, { start: 10, end: 6, step: -2 })),
  same<Tensor<[N, number, 64]>>()(w.slice(tokens, { step: size })),
  same<Tensor<[N, 3]>>()(w.squeeze(w.input("s", [N, 1, 3, 1]))),
  same<Tensor<[N, 3, 1]>>()(w.squeeze(w.input("s", [N, 1, 3, 1]), { axis: 1 })),
  same<Tensor<[N, 3]>>()(w.pipe(w.input("s", [N, 1, 3, 1]), w.squeeze({ axis: [1, -1] }))),
  same<Tensor<[N, 1, 10]>>()(w.unsqueeze(rows, { axis: 1 })),
  same<Tensor<[N, 10, 1]>>()(w.unsqueeze(rows, { axis: -1 })),
  same<Tensor<[N, 1, 10, 1]>>()(w.pipe(rows, w.unsqueeze({ axis: [1, 3] }))),
  same<Tensor<[N, 3, 8]>>()(w.expand(w.param("p", [3, 1]), [N, 3, 8])),
  same<Tensor<[N, 10]>>()(w.expand(rows, [1, 10])),
  same<Tensor<[N, 128, 192]>>()(w.tile(tokens, [1, 1, 3])),
  same<Tensor<[N, number, 64]>>()(w.tile(tokens, [1, size, 1])),
  same<Tensor<[N, 2, 10]>>()(w.stack([rows, rows])),
  same<Tensor<[N, 10, 3]>>()(w.stack([rows, rows, rows], { axis: -1 })),
  same<Tensor<[2, 9]>>()(w.stack([w.param("a", [9]), w.param("b", [9])], { axis: 0 })),
  same<Tensor<[N, 3, 32, 32]>>()(w.triu(image)),
  same<Tensor<[N, 3, 32, 32]>>()(w.pipe(image, w.tril({ diagonal: -1 }))),
  same<Tensor<[N, 3, 32, 32]>>()(w.flip(image, { axis: [2, -1] })),
  same<Tensor<[N, 10]>>()(w.pipe(rows, w.roll({ shift: 3 }))),
  same<Tensor<[N, 4, 16, 24]>>()(w.depthToSpace(w.input("d", [N, 16, 8, 12]), { block: 2 })),
  same<Tensor<[N, 48, 8, 8]>>()(w.pipe(image, w.spaceToDepth({ block: 4, mode: "CRD" }))),
  same<Tensor<[N, 3, 34, 36]>>()(w.pad(image, { padding: [1, 2], mode: "reflect" })),
  same<Tensor<[N, 131, 64]>>()(w.pad(tokens, { axis: 1, padding: [1, 2] })),
  same<Tensor<[N, 130, 67]>>()(w.pad(tokens, { axis: [1, -1], padding: [1, 1, 0, 3] })),
  same<Tensor<[N, 132, 68]>>()(w.pad(tokens, { axis: [1, -1], padding: 2 })),
  same<Tensor<[N, 3, 34, 36]>>()(w.pad(image, { padding: [1, 2] })),
  same<Tensor<[N, 3, 35, 39]>>()(w.pad(image, { padding: [1, 2, 3, 4], value: 1 })),

  // pointwise and normalisation
  same<Tensor<[N, 10]>>()(w.sigmoid(rows)),
  same<Tensor<[N, 10]>>()(w.leakyRelu(rows, { slope: 0.2 })),
  same<Tensor<[N, 10]>>()(w.pipe(rows, w.sin(), w.softplus(), w.celu({ alpha: 2 }))),
  same<Tensor<[N, 10]>>()(w.clip(rows, { min: 0 })),
  same<Tensor<[N, 10]>>()(w.dropout(rows)),
  same<Tensor<[N, 10]>>()(w.softmax(rows)),
  same<Tensor<[N, 3, 32, 32]>>()(w.softmax(image, { axis: 1 })),
  same<Tensor<[N, 3, 32, 32]>>()(w.batchNorm2d(image)),
  same<Tensor<[N, 3, 32, 32]>>()(w.batchNorm2d(image, { eps: 1e-3 })),
  same<Tensor<[N, 10]>>()(w.batchNorm1d(rows)),
  same<Tensor<[N, 64, 128]>>()(w.pipe(tokens64, w.batchNorm1d({ eps: 1e-3 }))),
  same<Tensor<[N, 2, 4, 8, 16]>>()(w.batchNorm3d(volume)),
  same<Tensor<[N, 3, 32, 32]>>()(w.groupNorm(image, { groups: 3 })),
  same<Tensor<[N, 3, 32, 32]>>()(w.pipe(image, w.groupNorm({ groups: 3 }), w.instanceNorm())),
  same<Tensor<[N, 128, 64]>>()(w.rmsNorm(tokens, { weight: w.param("g", [64]) })),
  same<Tensor<[N, 3, 32, 32]>>()(w.localResponseNorm(image, { size: 5 })),
  same<Tensor<[N, 10]>>()(w.lpNormalize(rows)),
  same<Tensor<[N, 128, 64]>>()(w.layerNorm(tokens)),
  same<Tensor<[N, 128, 64]>>()(w.layerNorm(tokens, { dims: 2 })),

  // unknown shapes pass through every op
  same<Tensor<[Dim, 6, number, number]>>()(w.conv2d(any, { out: 6, kernel: 5 })),
  same<[Tensor, Tensor]>()(w.split(any, { sizes: [1, 3] })),
  same<Tensor>()(w.slice(any, { end: 2 })),
  same<Tensor<Shape>>()(w.add(any, any)),
  same<Tensor<Shape>>()(w.matmul(any, w.param("p", [8, 2]))),
  same<Tensor<[Dim, number]>>()(w.flatten(any)),
  same<Tensor<Shape>>()(w.linear(any, { out: 10 })),
  same<Tensor>()(w.relu(any)),
];
