/** Remarks on models that compile and are probably not what was meant, and silence on those that are. */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { formatDiagnosis } from "../../compiler/errors.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import * as w from "../../compiler/index.ts";
import { N } from "../../compiler/index.ts";
import type { LossName, TrainingOptions } from "../../compiler/train/index.ts";
import { trainingRemarks } from "../../compiler/train/remarks.ts";

const optimizer = w.sgd({ lr: 0.1 });
const image = w.input("image", [N, 3, 8, 8]);
const rows = w.input("rows", [N, 6]);
const conv = () => w.conv2d(image, { out: 16, kernel: 3 });
const graphOf = (x: w.Tensor, y: w.Tensor) => w.model("m", { x }, { y }).graph;
const said = (x: w.Tensor, y: w.Tensor): readonly string[] =>
  compile(graphOf(x, y)).remarks.map(formatDiagnosis);

describe("linear on pictures", () => {
  test("that were averaged whole: flatten is missing", () => {
    expect(said(image, w.linear(w.globalAvgPool2d(conv()), { out: 10 }))).toMatchInlineSnapshot(`
      [
        "linear1: linear gets [N, 16, 1, 1] and makes [N, 16, 1, 10] of it
        rule: linear works along the last dimension, here the width of a picture: 1 → 10
        try:  flatten(x) before it: 16 → 10, which gives [N, 10]",
      ]
    `);
  });
  test("along their width", () => {
    expect(
      said(image, w.linear(w.relu(w.maxPool2d(conv(), { kernel: 2 })), { out: 10 })),
    ).toMatchInlineSnapshot(`
      [
        "linear1: linear gets [N, 16, 3, 3] and makes [N, 16, 3, 10] of it
        rule: linear works along the last dimension, here the width of a picture: 3 → 10
        try:  flatten(x) before it: 144 → 10, which gives [N, 10]; or transpose(x, [0, 2, 3, 1]), for a layer on the channels of each position",
      ]
    `);
    expect(said(image, w.linear(image, { out: 10 }))).toMatchInlineSnapshot(`
      [
        "linear1: linear gets [N, 3, 8, 8] and makes [N, 3, 8, 10] of it
        rule: linear works along the last dimension, here the width of a picture: 8 → 10
        try:  flatten(x) before it: 192 → 10, which gives [N, 10]; or transpose(x, [0, 2, 3, 1]), for a layer on the channels of each position",
      ]
    `);
  });
  const features = w.input("features", [N, 16, 1, 1]);
  test.each<[string, w.Tensor]>([
    ["an input of single positions", w.linear(features, { out: 3 })],
    ["a view of rows", w.linear(w.reshape(rows, [N, 6, 1, 1]), { out: 3 })],
    ["a normalised picture", w.linear(w.dropout(w.batchNorm2d(conv())), { out: 3 })],
    ["joined pictures", w.linear(w.concat([conv(), conv()]), { out: 3 })],
    ["a sum with a shortcut", w.linear(w.add(conv(), conv()), { out: 3 })],
  ])("%s", (_, y) => {
    const x = [features, rows, image].find((i) => y.node.kind === "op" && needs(y, i));
    expect(said(x ?? image, y)).toHaveLength(1);
  });
  test.each<[string, w.Tensor, w.Tensor]>([
    ["flattened", image, w.linear(w.flatten(conv()), { out: 10 })],
    ["channels last, by a transpose", image, w.linear(w.transpose(conv(), [0, 2, 3, 1]), { out: 10 })],
    ["rows", rows, w.linear(rows, { out: 10 })],
    ["sequences", image, w.linear(w.reshape(image, [N, 12, 16]), { out: 10 })],
    ["a reshape to other axes", image, w.linear(w.reshape(conv(), [N, 4, 4, 36]), { out: 10 })],
    ["attention's heads", image, w.linear(w.matmul(image, image), { out: 10 })],
  ])("nothing on %s", (_, x, y) => {
    expect(said(x, y)).toEqual([]);
  });

  /** Whether y is computed from x. */
  function needs(y: w.Tensor, x: w.Tensor): boolean {
    const of = (node: w.Tensor["node"]): boolean =>
      node === x.node || (node.kind === "op" && node.inputs.some(of));
    return of(y.node);
  }
});

describe("a last layer and its loss", () => {
  const scores = () => w.linear(rows, { out: 4 });
  const trained = (y: w.Tensor, loss?: LossName): readonly string[] => {
    const options: TrainingOptions = { optimizer, bytes: false, ...(loss ? { loss } : {}) };
    return (w.compileTraining(graphOf(rows, y), options).remarks ?? []).map(formatDiagnosis);
  };
  test("what is said", () => {
    expect([
      ...trained(w.softmax(scores())),
      ...trained(w.sigmoid(scores())),
      ...trained(w.sigmoid(scores()), "binaryCrossEntropy"),
      ...trained(w.relu(scores()), "squaredError"),
      ...trained(w.softmax(scores()), "squaredError"),
    ]).toMatchInlineSnapshot(`
      [
        "softmax1: the output y comes from softmax, and is trained with crossEntropy
        rule: crossEntropy takes logits: it has the softmax in it, and a second one flattens its gradients
        try:  the layer before it as the output, and this one where the model is used",
        "sigmoid1: the output y comes from sigmoid, and is trained with crossEntropy
        rule: crossEntropy takes logits of any size and sign, and this layer bounds them
        try:  the layer before it as the output, and this one where the model is used",
        "sigmoid1: the output y comes from sigmoid, and is trained with binaryCrossEntropy
        rule: binaryCrossEntropy takes logits: it has the sigmoid in it, and 0 … 1 as a logit never says no
        try:  the layer before it as the output, and this one where the model is used",
        "relu1: the output y comes from relu, and is trained with squaredError
        rule: an output beyond a bound cannot be reached, and has no gradient that would bring it back
        try:  the layer before it as the output",
        "softmax1: the output y comes from softmax, and is trained with squaredError
        rule: the outputs of a softmax hang together, while this loss compares each number with a target of its own
        try:  a loss of crossEntropy for classes, without this layer; for numbers, the layer before it as the output",
      ]
    `);
  });
  test.each<[string, (x: w.Tensor<[N, number]>) => w.Tensor, LossName]>([
    ["log-softmax", (x) => w.logSoftmax(x), "crossEntropy"],
    ["softmax through views", (x) => w.flatten(w.reshape(w.softmax(x), [N, 2, 2])), "crossEntropy"],
    ["softmax through dropout", (x) => w.dropout(w.softmax(x)), "crossEntropy"],
    ["relu", (x) => w.relu(x), "crossEntropy"],
    [
      "sigmoid through a transpose",
      (x) => w.transpose(w.sigmoid(w.reshape(x, [N, 2, 2]))),
      "binaryCrossEntropy",
    ],
    ["hard sigmoid", (x) => w.hardSigmoid(x), "binaryCrossEntropy"],
    ["softmax", (x) => w.softmax(x), "binaryCrossEntropy"],
    ["max(x, 0)", (x) => w.max(x, 0), "squaredError"],
    ["clip", (x) => w.clip(x, { min: 0 }), "squaredError"],
    ["relu6", (x) => w.relu6(x), "squaredError"],
  ])("%s", (_, last, loss) => {
    expect(trained(last(scores()), loss)).toHaveLength(1);
  });
  test.each<[string, (x: w.Tensor<[N, number]>) => w.Tensor, LossName]>([
    ["logits", (x) => x, "crossEntropy"],
    ["a layer after a softmax", (x) => w.linear(w.softmax(x), { out: 4 }), "crossEntropy"],
    ["a layer after relu", (x) => w.linear(w.relu(x), { out: 4 }), "squaredError"],
    ["a larger of two layers", (x) => w.max(x, scores()), "squaredError"],
    ["sigmoid for targets of 0 … 1", (x) => w.sigmoid(x), "squaredError"],
    ["tanh", (x) => w.tanh(x), "squaredError"],
    ["logits", (x) => x, "binaryCrossEntropy"],
  ])("nothing on %s (%#)", (_, last, loss) => {
    expect(trained(last(scores()), loss)).toEqual([]);
  });
  test("what compiles says it too: the training has both", () => {
    const y = w.softmax(w.reshape(w.linear(w.globalAvgPool2d(conv()), { out: 10 }), [N, 160]));
    const { remarks = [] } = w.compileTraining(graphOf(image, y), { optimizer });
    expect(remarks.map((r) => r.layer)).toEqual(["linear1", "softmax1"]);
  });
});

const models = readdirSync("models").filter((name) => name.endsWith(".ts"));
test.each(models)("nothing on models/%s", async (name) => {
  const { graph } = await loadModel(`models/${name}`);
  expect(trainingRemarks(graph, [{ loss: { kind: "crossEntropy" } }])).toEqual([]);
});
