/** Every op in both forms: `op(x, options)` and `op(options)(x)` make the same node. */
import { expect, test } from "vitest";
import type { Tensor } from "../../compiler/dsl/index.ts";
import * as w from "../../compiler/dsl/index.ts";
import type { OpNode } from "../../compiler/ir/graph.ts";
import { ops } from "../../compiler/ops/index.ts";
import { showShape } from "../../contract/shapes.ts";

const image = w.input("image", [w.N, 4, 8, 8]);
const sequence = w.input("sequence", [w.N, 4, 9]);
const volume = w.input("volume", [w.N, 4, 3, 5, 6]);
const rows = w.input("rows", [w.N, 10]);
const single = w.input("single", [w.N, 1, 1]);
const matrix = w.input("matrix", [6, 8]);
const kernel = w.param("kernel", [2, 3]);
const table = w.param("table", [10, 3]);
const tokens = w.input("tokens", [w.N, 5], { dtype: "i32" });

/** The op, with its tensor first and as a layer. */
const forms: { readonly [op: string]: readonly [Tensor, (x: never) => Tensor, Tensor] | readonly [Tensor] } =
  {
    conv2d: [
      w.conv2d(image, { out: 8, kernel: [3, 2], padding: "same", groups: 2, bias: false }),
      w.conv2d({ out: 8, kernel: [3, 2], padding: "same", groups: 2, bias: false }),
      image,
    ],
    conv1d: [
      w.conv1d(sequence, { out: 8, kernel: 3, padding: [1, 2], groups: 2, dilation: [2] }),
      w.conv1d({ out: 8, kernel: 3, padding: [1, 2], groups: 2, dilation: [2] }),
      sequence,
    ],
    conv3d: [
      w.conv3d(volume, { out: 8, kernel: [1, 2, 3], padding: "sameUpper", stride: [1, 2, 1] }),
      w.conv3d({ out: 8, kernel: [1, 2, 3], padding: "sameUpper", stride: [1, 2, 1] }),
      volume,
    ],
    convTranspose1d: [
      w.convTranspose1d(sequence, { out: 8, kernel: 4, stride: 2, padding: [1, 2], groups: 2 }),
      w.convTranspose1d({ out: 8, kernel: 4, stride: 2, padding: [1, 2], groups: 2 }),
      sequence,
    ],
    convTranspose2d: [
      w.convTranspose2d(image, { out: 8, kernel: 3, stride: 2, padding: 1, outputPadding: 1, bias: false }),
      w.convTranspose2d({ out: 8, kernel: 3, stride: 2, padding: 1, outputPadding: 1, bias: false }),
      image,
    ],
    convTranspose3d: [
      w.convTranspose3d(volume, { out: 2, kernel: [1, 2, 3], dilation: 2, outputPadding: [0, 1, 0] }),
      w.convTranspose3d({ out: 2, kernel: [1, 2, 3], dilation: 2, outputPadding: [0, 1, 0] }),
      volume,
    ],
    maxPool1d: [w.maxPool1d(sequence, { kernel: 3 }), w.maxPool1d({ kernel: 3 }), sequence],
    maxPool3d: [
      w.maxPool3d(volume, { kernel: [1, 2, 3], padding: [0, 0, 1] }),
      w.maxPool3d({ kernel: [1, 2, 3], padding: [0, 0, 1] }),
      volume,
    ],
    avgPool1d: [
      w.avgPool1d(sequence, { kernel: 3, dilation: 2 }),
      w.avgPool1d({ kernel: 3, dilation: 2 }),
      sequence,
    ],
    avgPool3d: [
      w.avgPool3d(volume, { kernel: 2, padding: [0, 0, 1, 1, 0, 1] }),
      w.avgPool3d({ kernel: 2, padding: [0, 0, 1, 1, 0, 1] }),
      volume,
    ],
    lpPool1d: [w.lpPool1d(sequence, { kernel: 3, p: 1 }), w.lpPool1d({ kernel: 3, p: 1 }), sequence],
    lpPool2d: [w.lpPool2d(image, { kernel: 3, p: 3 }), w.lpPool2d({ kernel: 3, p: 3 }), image],
    lpPool3d: [w.lpPool3d(volume, { kernel: 2 }), w.lpPool3d({ kernel: 2 }), volume],
    adaptiveAvgPool1d: [
      w.adaptiveAvgPool1d(sequence, { size: 2 }),
      w.adaptiveAvgPool1d({ size: 2 }),
      sequence,
    ],
    adaptiveAvgPool2d: [
      w.adaptiveAvgPool2d(image, { size: [3, 4] }),
      w.adaptiveAvgPool2d({ size: [3, 4] }),
      image,
    ],
    adaptiveAvgPool3d: [w.adaptiveAvgPool3d(volume, { size: 2 }), w.adaptiveAvgPool3d({ size: 2 }), volume],
    adaptiveMaxPool1d: [
      w.adaptiveMaxPool1d(sequence, { size: 2 }),
      w.adaptiveMaxPool1d({ size: 2 }),
      sequence,
    ],
    adaptiveMaxPool2d: [w.adaptiveMaxPool2d(image, { size: 3 }), w.adaptiveMaxPool2d({ size: 3 }), image],
    adaptiveMaxPool3d: [w.adaptiveMaxPool3d(volume, { size: 2 }), w.adaptiveMaxPool3d({ size: 2 }), volume],
    globalAvgPool1d: [w.globalAvgPool1d(sequence), w.globalAvgPool1d(), sequence],
    globalAvgPool3d: [w.globalAvgPool3d(volume), w.globalAvgPool3d(), volume],
    globalMaxPool1d: [w.globalMaxPool1d(sequence), w.globalMaxPool1d(), sequence],
    globalMaxPool2d: [w.globalMaxPool2d(image), w.globalMaxPool2d(), image],
    globalMaxPool3d: [w.globalMaxPool3d(volume), w.globalMaxPool3d(), volume],
    maxPool2d: [
      w.maxPool2d(image, { kernel: 3, ceilMode: true }),
      w.maxPool2d({ kernel: 3, ceilMode: true }),
      image,
    ],
    avgPool2d: [
      w.avgPool2d(image, { kernel: 2, padding: 1, countIncludePad: false }),
      w.avgPool2d({ kernel: 2, padding: 1, countIncludePad: false }),
      image,
    ],
    globalAvgPool2d: [w.globalAvgPool2d(image), w.globalAvgPool2d(), image],
    resize: [
      w.resize(image, { size: [5, 9], mode: "cubic", excludeOutside: true }),
      w.resize({ size: [5, 9], mode: "cubic", excludeOutside: true }),
      image,
    ],
    lstm: [
      w.lstm(sequence, { hidden: 3, direction: "both", peephole: true, clip: 2 }),
      w.lstm({ hidden: 3, direction: "both", peephole: true, clip: 2 }),
      sequence,
    ],
    gru: [
      w.gru(sequence, { hidden: 3, resetAfter: false }),
      w.gru({ hidden: 3, resetAfter: false }),
      sequence,
    ],
    rnn: [
      w.rnn(sequence, { hidden: 3, direction: "reverse", activations: ["relu"], bias: false }),
      w.rnn({ hidden: 3, direction: "reverse", activations: ["relu"], bias: false }),
      sequence,
    ],
    linear: [
      w.linear(rows, { out: 3, in: 10, init: w.zeros() }),
      w.linear({ out: 3, in: 10, init: w.zeros() }),
      rows,
    ],
    matmul: [w.matmul(rows, table), w.matmul(table), rows],
    corr2d: [w.corr2d(matrix, kernel), w.corr2d(kernel), matrix],
    flatten: [w.flatten(image), w.flatten(), image],
    reshape: [w.reshape(image, [w.N, -1, 4]), w.reshape([w.N, -1, 4]), image],
    transpose: [w.transpose(image, [0, 2, 3, 1]), w.transpose([0, 2, 3, 1]), image],
    concat: [w.concat([image, image])],
    slice: [w.slice(image, { start: 3, step: -2 }), w.slice({ start: 3, step: -2 }), image],
    squeeze: [w.squeeze(single, { axis: -1 }), w.squeeze({ axis: -1 }), single],
    unsqueeze: [w.unsqueeze(rows, { axis: [1, 3] }), w.unsqueeze({ axis: [1, 3] }), rows],
    expand: [w.expand(single, [1, 3, 2]), w.expand([1, 3, 2]), single],
    tile: [w.tile(rows, [1, 2]), w.tile([1, 2]), rows],
    stack: [w.stack([rows, rows], { axis: -1 })],
    triu: [w.triu(image, { diagonal: 1 }), w.triu({ diagonal: 1 }), image],
    tril: [w.tril(image), w.tril(), image],
    flip: [w.flip(image, { axis: [1, -1] }), w.flip({ axis: [1, -1] }), image],
    roll: [w.roll(rows, { shift: -3 }), w.roll({ shift: -3 }), rows],
    depthToSpace: [
      w.depthToSpace(image, { block: 2, mode: "CRD" }),
      w.depthToSpace({ block: 2, mode: "CRD" }),
      image,
    ],
    spaceToDepth: [w.spaceToDepth(image, { block: 4 }), w.spaceToDepth({ block: 4 }), image],
    gather: [w.gather(table, tokens)],
    embedding: [w.embedding(tokens, { count: 10, size: 3 }), w.embedding({ count: 10, size: 3 }), tokens],
    pad: [w.pad(image, { padding: [1, 2], mode: "edge" }), w.pad({ padding: [1, 2], mode: "edge" }), image],
    add: [w.add(rows, 2), w.add(2), rows],
    sub: [w.sub(rows, 2), w.sub(2), rows],
    mul: [w.mul(rows, 2), w.mul(2), rows],
    div: [w.div(rows, 2), w.div(2), rows],
    pow: [w.pow(rows, 2), w.pow(2), rows],
    max: [w.max(rows, 0), w.max(0), rows],
    min: [w.min(rows, 0), w.min(0), rows],
    reduceMax: [w.max(rows, { axis: 1 }), w.max({ axis: 1 }), rows],
    reduceMin: [w.min(rows), w.min(), rows],
    sum: [w.sum(image, { axis: [2, 3], keepDims: true }), w.sum({ axis: [2, 3], keepDims: true }), image],
    mean: [w.mean(image), w.mean(), image],
    prod: [w.prod(image, { axis: -1 }), w.prod({ axis: -1 }), image],
    l1: [w.l1(image, { axis: -1 }), w.l1({ axis: -1 }), image],
    l2: [w.l2(image, { axis: [1, 2], keepDims: true }), w.l2({ axis: [1, 2], keepDims: true }), image],
    sumSquare: [w.sumSquare(rows), w.sumSquare(), rows],
    logSum: [w.logSum(rows, { axis: 1 }), w.logSum({ axis: 1 }), rows],
    logSumExp: [w.logSumExp(image, { axis: [1, 2] }), w.logSumExp({ axis: [1, 2] }), image],
    cast: [w.cast(rows, { to: "i32" }), w.cast({ to: "i32" }), rows],
    argmax: [w.argmax(image, { axis: 1 }), w.argmax({ axis: 1 }), image],
    argmin: [w.argmin(rows, { last: true }), w.argmin({ last: true }), rows],
    ranking: [w.ranking(rows, { largest: false }), w.ranking({ largest: false }), rows],
    topValues: [w.topK(rows, { count: 3 })[0]],
    topIndices: [w.topK(rows, { count: 3 })[1]],
    oneHot: [w.oneHot(tokens, { count: 7, axis: 1 }), w.oneHot({ count: 7, axis: 1 }), tokens],
    gatherElements: [w.gatherElements(rows, tokens)],
    scatterElements: [w.scatterElements(rows, tokens, w.input("news", [w.N, 5]))],
    scatterND: [w.scatterND(table, w.constant([1, 2], [2, 1], { dtype: "i32" }), w.param("news", [2, 3]))],
    gatherND: [w.gatherND(table, w.constant([1, 2], [1, 2], { dtype: "i32" }))],
    cumsum: [w.cumsum(rows, { reverse: true }), w.cumsum({ reverse: true }), rows],
    einsum: [w.einsum("ni,ij->nj", [rows, table])],
    sigmoid: [w.sigmoid(rows), w.sigmoid(), rows],
    relu: [w.relu(rows), w.relu(), rows],
    relu6: [w.relu6(rows), w.relu6(), rows],
    leakyRelu: [w.leakyRelu(rows, { slope: 0.2 }), w.leakyRelu({ slope: 0.2 }), rows],
    elu: [w.elu(rows), w.elu(), rows],
    tanh: [w.tanh(rows), w.tanh(), rows],
    gelu: [w.gelu(rows), w.gelu(), rows],
    silu: [w.silu(rows), w.silu(), rows],
    hardSigmoid: [w.hardSigmoid(rows), w.hardSigmoid(), rows],
    hardSwish: [w.hardSwish(rows), w.hardSwish(), rows],
    selu: [w.selu(rows), w.selu(), rows],
    softplus: [w.softplus(rows), w.softplus(), rows],
    softsign: [w.softsign(rows), w.softsign(), rows],
    mish: [w.mish(rows), w.mish(), rows],
    floor: [w.floor(rows), w.floor(), rows],
    ceil: [w.ceil(rows), w.ceil(), rows],
    round: [w.round(rows), w.round(), rows],
    sign: [w.sign(rows), w.sign(), rows],
    reciprocal: [w.reciprocal(rows), w.reciprocal(), rows],
    sin: [w.sin(rows), w.sin(), rows],
    cos: [w.cos(rows), w.cos(), rows],
    tan: [w.tan(rows), w.tan(), rows],
    asin: [w.asin(rows), w.asin(), rows],
    acos: [w.acos(rows), w.acos(), rows],
    atan: [w.atan(rows), w.atan(), rows],
    sinh: [w.sinh(rows), w.sinh(), rows],
    cosh: [w.cosh(rows), w.cosh(), rows],
    asinh: [w.asinh(rows), w.asinh(), rows],
    acosh: [w.acosh(rows), w.acosh(), rows],
    atanh: [w.atanh(rows), w.atanh(), rows],
    erf: [w.erf(rows), w.erf(), rows],
    not: [w.not(rows), w.not(), rows],
    celu: [w.celu(rows, { alpha: 2 }), w.celu({ alpha: 2 }), rows],
    thresholdedRelu: [w.thresholdedRelu(rows, { alpha: 2 }), w.thresholdedRelu({ alpha: 2 }), rows],
    prelu: [w.prelu(rows, 2), w.prelu(2), rows],
    mod: [w.mod(rows, 2), w.mod(2), rows],
    fmod: [w.fmod(rows, 2), w.fmod(2), rows],
    equal: [w.equal(rows, 2), w.equal(2), rows],
    notEqual: [w.notEqual(rows, 2), w.notEqual(2), rows],
    less: [w.less(rows, 2), w.less(2), rows],
    lessOrEqual: [w.lessOrEqual(rows, 2), w.lessOrEqual(2), rows],
    greater: [w.greater(rows, 2), w.greater(2), rows],
    greaterOrEqual: [w.greaterOrEqual(rows, 2), w.greaterOrEqual(2), rows],
    and: [w.and(rows, 2), w.and(2), rows],
    or: [w.or(rows, 2), w.or(2), rows],
    xor: [w.xor(rows, 2), w.xor(2), rows],
    where: [w.where(rows, rows, 2)],
    exp: [w.exp(rows), w.exp(), rows],
    log: [w.log(rows), w.log(), rows],
    sqrt: [w.sqrt(rows), w.sqrt(), rows],
    abs: [w.abs(rows), w.abs(), rows],
    neg: [w.neg(rows), w.neg(), rows],
    clip: [w.clip(rows, { min: 0, max: 1 }), w.clip({ min: 0, max: 1 }), rows],
    dropout: [w.dropout(rows, { p: 0.1 }), w.dropout({ p: 0.1 }), rows],
    softmax: [w.softmax(rows), w.softmax(), rows],
    logSoftmax: [w.logSoftmax(image, { axis: 1 }), w.logSoftmax({ axis: 1 }), image],
    batchNorm2d: [w.batchNorm2d(image, { eps: 1e-3 }), w.batchNorm2d({ eps: 1e-3 }), image],
    batchNorm1d: [w.batchNorm1d(rows, { eps: 1e-3 }), w.batchNorm1d({ eps: 1e-3 }), rows],
    batchNorm3d: [w.batchNorm3d(volume), w.batchNorm3d(), volume],
    rmsNorm: [w.rmsNorm(image, { dims: 2 }), w.rmsNorm({ dims: 2 }), image],
    groupNorm: [w.groupNorm(image, { groups: 2 }), w.groupNorm({ groups: 2 }), image],
    instanceNorm: [w.instanceNorm(volume), w.instanceNorm(), volume],
    localResponseNorm: [
      w.localResponseNorm(image, { size: 3, alpha: 0.1 }),
      w.localResponseNorm({ size: 3, alpha: 0.1 }),
      image,
    ],
    lpNormalize: [w.lpNormalize(rows, { p: 1 }), w.lpNormalize({ p: 1 }), rows],
    layerNorm: [w.layerNorm(image, { dims: 2 }), w.layerNorm({ dims: 2 }), image],
  };

test("every op is part of the language", () => {
  expect(Object.keys(forms).toSorted()).toEqual(Object.keys(ops).toSorted());
});

test.each(Object.entries(forms))("%s", (name, [applied, layer, x]) => {
  const describeNode = ({ node }: Tensor): unknown => {
    const { op, attrs, inputs, type } = node as OpNode;
    return { op: op.name, attrs, type, inputs: inputs.map((i) => `${i.kind} ${showShape(i.type.shape)}`) };
  };
  expect((applied.node as OpNode).op.name).toBe(name);
  expect(applied.shape).toEqual(applied.node.type.shape);
  if (layer && x) expect(describeNode(layer(x as never))).toEqual(describeNode(applied));
});
