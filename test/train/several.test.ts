/** Trainings with several inputs, outputs and losses, and losses of one's own, beside float64: formulas and central differences. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  absoluteError,
  add,
  compileTraining,
  concat,
  crossEntropy,
  embedding,
  flatten,
  input,
  type Loss,
  type LossChoice,
  linear,
  type Model,
  mean,
  model,
  mul,
  N,
  param,
  sgd,
  squaredError,
  sub,
  type Tensor,
  type Training,
  tanh,
} from "weftgpu";
import { createTrainer, type NamedDataSet, type Trainer, validateTraining } from "../../runtime/train.ts";
import { wasmDevice } from "../../runtime/wasm/index.ts";
import { message } from "../dsl/message.ts";
import { type Arrays, type NdArray, random, randomArray } from "../oracle/array.ts";
import { exactLoss } from "../oracle/losses.ts";
import { evaluate } from "../oracle/oracle.ts";
import { failure } from "../runtime/failure.ts";
import { gradientsOf, sum } from "./stepReference.ts";

let device: GPUDevice;
const trainers: Trainer[] = [];
beforeAll(async () => {
  device = await wasmDevice({ threads: 1 });
});
afterAll(() => {
  for (const trainer of trainers) trainer.destroy();
  device.destroy();
});

const [ROWS, CLASSES, RATE] = [7, 3, 0.2];

/** Scores of three classes and two numbers, from four numbers and a word. */
function towers(choice: LossChoice = {}): Model {
  const x = input("x", [N, 4]);
  const word = input("word", [N, 1], { dtype: "u32" });
  const both = tanh(linear(concat([x, flatten(embedding(word, { count: 300, size: 2 }))]), { out: 5 }));
  const scores = linear(both, { out: CLASSES });
  const place = linear(both, { out: 2 });
  return model("towers", { x, word }, { scores, place }, choice);
}

const next = random(4);
const array = (...shape: number[]): NdArray => randomArray(shape, next);
const words = { shape: [ROWS, 1], data: Float64Array.from({ length: ROWS }, (_, i) => (i * 97) % 300) };
const data: Arrays = {
  x: array(ROWS, 4),
  word: words,
  scores: { shape: [ROWS], data: Float64Array.from({ length: ROWS }, (_, i) => (i * i) % CLASSES) },
  place: array(ROWS, 2),
};

/** Each loss of the outputs and the data: its terms, and what they count. */
type Terms = (
  outputs: Arrays,
) => readonly { readonly each: readonly number[]; readonly counts: readonly number[] }[];

const known =
  (list: readonly (readonly [output: string, loss: Loss, target?: string])[]): Terms =>
  (outputs) =>
    list.map(([output, loss, target = output]) => {
      const { each, counts } = exactLoss(loss, outputs[output] as NdArray, data[target] as NdArray);
      return { each: [...each.data], counts: [...counts.data] };
    });

interface Followed {
  readonly of: Model;
  readonly choice?: LossChoice;
  readonly terms: Terms;
  readonly weights: readonly number[];
  readonly reduction?: "mean" | "sum";
  readonly set?: Arrays;
}

/** Three epochs of one step each: parameters and figures are those of float64. */
async function follow({
  of,
  choice,
  terms,
  weights,
  reduction = "mean",
  set = data,
}: Followed): Promise<Training> {
  const training = validateTraining(
    JSON.parse(
      JSON.stringify(
        compileTraining(of.graph, {
          ...choice,
          reduction,
          optimizer: sgd({ lr: RATE }),
          bytes: false,
          target: "wasm",
        }),
      ),
    ),
  );
  const trainer = await createTrainer(training, { device, seed: 3 });
  trainers.push(trainer);
  const given: NamedDataSet = Object.fromEntries(
    training.step.inputs.map(({ name, dtype }) => {
      const { data } = set[name] as NdArray;
      return [name, dtype === "f32" ? Float32Array.from(data) : Uint32Array.from(data)];
    }),
  );
  const asArrays = (): Arrays =>
    Object.fromEntries(
      Object.entries(trainer.weights()).map(([name, { shape, data }]) => [
        name,
        { shape, data: Float64Array.from(data) },
      ]),
    );
  const outputsFor = (params: Arrays): Arrays => evaluate(of.graph, set, params);
  const lossesFor = (params: Arrays): number[] =>
    terms(outputsFor(params)).map(({ each, counts }) => sum(each) / (reduction === "sum" ? 1 : sum(counts)));
  const total = (losses: readonly number[]): number => sum(losses.map((l, i) => l * (weights[i] ?? 1)));
  for (let epoch = 1; epoch <= 3; epoch++) {
    const before = asArrays();
    const want = lossesFor(before);
    const measured = await trainer.evaluate(given);
    for await (const figures of trainer.fit(given, { epochs: epoch, batch: ROWS, test: given })) {
      for (const got of [measured, figures]) {
        got.losses.forEach(({ loss }, i) => {
          expect(loss).toBeCloseTo(want[i] ?? Number.NaN, 4);
        });
        expect(got.loss).toBeCloseTo(total(want), 4);
      }
    }
    const gradients = gradientsOf((p) => total(lossesFor(p)), before);
    const after = asArrays();
    for (const [name, { data }] of Object.entries(before))
      data.forEach((w, i) => {
        const should = w - RATE * (gradients[name]?.data[i] ?? 0);
        const error = Math.abs((after[name]?.data[i] ?? Number.NaN) - should);
        if (!(error <= 3e-5 * Math.max(1, Math.abs(should))))
          expect.fail(`after epoch ${epoch}, ${name}[${i}] is ${after[name]?.data[i]}, not ${should}`);
      });
  }
  return training;
}

const weighted: Loss = { kind: "crossEntropy", weight: [0.5, 2, 1], labelSmoothing: 0.2 };

describe("several losses", () => {
  test.each(["mean", "sum"] as const)("of two outputs from two inputs, the %s", async (reduction) => {
    const huber: Loss = { kind: "huber", delta: 0.4 };
    const choice: LossChoice = {
      losses: [
        { output: "scores", loss: weighted },
        { output: "place", loss: huber, weight: 0.3 },
      ],
    };
    const terms = known([
      ["scores", weighted],
      ["place", huber],
    ]);
    const training = await follow({ of: towers(), choice, terms, weights: [1, 0.3], reduction });
    expect(training.step.inputs.map((i) => [i.name, i.dtype, i.below])).toEqual([
      ["x", "f32", undefined],
      ["word", "u32", 300],
      ["scores", "u32", CLASSES],
      ["place", "f32", undefined],
    ]);
    expect(training.losses).toEqual([
      { name: "scores", loss: weighted, weight: 1, targets: ["scores"], classes: CLASSES },
      { name: "place", loss: huber, weight: 0.3, targets: ["place"] },
    ]);
  });

  test("of one output, with one target", async () => {
    const losses = (["squaredError", "absoluteError"] as const).map((loss) => ({
      output: "place",
      loss,
      target: "place",
    }));
    const terms = known([
      ["place", { kind: "squaredError" }],
      ["place", { kind: "absoluteError" }],
      ["scores", { kind: "crossEntropy" }],
    ]);
    const of = towers({ losses: [...losses, { output: "scores", loss: "crossEntropy" }] });
    const { losses: said } = await follow({ of, terms, weights: [1, 1, 1] });
    expect(said.map((l) => [l.name, l.targets])).toEqual([
      ["place", ["place"]],
      ["place#2", ["place"]],
      ["scores", ["scores"]],
    ]);
  });
});

describe("a loss of one's own", () => {
  const label = input("scores", [N], { dtype: "u32" });
  const corner = input("place", [N, 2]);
  /** Asymmetric: what is too small costs three times as much. */
  const pinball = (y: Tensor): Tensor => {
    const d = sub(corner, y);
    return mean(add(mul(absoluteError(y, corner), 0.5), mul(d, 0.25)), { axis: 1 });
  };
  const pinballOf = (y: NdArray): number[] =>
    Array.from({ length: ROWS }, (_, n) => {
      const one = [0, 1].map((k) => {
        const d = (data["place"]?.data[2 * n + k] ?? 0) - (y.data[2 * n + k] ?? 0);
        return d > 0 ? 0.75 * d : -0.25 * d;
      });
      return sum(one) / 2;
    });
  const ones = (list: readonly number[]) => ({ each: list, counts: list.map(() => 1) });

  test("is of all outputs, in the model file", async () => {
    const of = towers({
      loss: (scores, place) => add(crossEntropy(scores as Tensor, label), mul(pinball(place as Tensor), 2)),
    });
    const terms: Terms = ({ scores, place }) => {
      const own = pinballOf(place as NdArray);
      const { each } = exactLoss({ kind: "crossEntropy" }, scores as NdArray, data["scores"] as NdArray);
      return [ones([...each.data].map((v, i) => v + 2 * (own[i] ?? 0)))];
    };
    const training = await follow({ of, terms, weights: [1] });
    expect(training.losses).toEqual([
      { name: "loss", loss: { kind: "own" }, weight: 1, targets: ["scores", "place"] },
    ]);
  });

  test("stands beside Weft's, for one output, and reads what the model reads", async () => {
    const x = input("x", [N, 4]);
    const choice: LossChoice = {
      losses: [
        { output: "scores", loss: "crossEntropy" },
        {
          output: "place",
          loss: (y) => squaredError(mean(y as Tensor, { axis: 1 }), mean(x, { axis: 1 })),
          weight: 0.5,
        },
      ],
    };
    const terms: Terms = ({ scores, place }) => {
      const { each } = exactLoss({ kind: "crossEntropy" }, scores as NdArray, data["scores"] as NdArray);
      const of = ({ data }: NdArray, n: number, width: number): number =>
        sum([...data.subarray(n * width, (n + 1) * width)]) / width;
      const own = Array.from(
        { length: ROWS },
        (_, n) => (of(place as NdArray, n, 2) - of(data["x"] as NdArray, n, 4)) ** 2,
      );
      return [ones([...each.data]), ones(own)];
    };
    const training = await follow({ of: towers(), choice, terms, weights: [1, 0.5] });
    expect(training.step.inputs.map((i) => i.name)).toEqual(["x", "word", "scores"]);
  });
});

const optimizer = sgd({ lr: 0.1 });

describe("what is refused", () => {
  const said = (choice: LossChoice, of = towers()): string =>
    message(() => compileTraining(of.graph, { ...choice, optimizer }));

  test("by compileTraining, in words", () => {
    expect([
      said({}),
      said({ losses: [{ output: "score", loss: "huber" }] }),
      said({ losses: [] }),
      said({ loss: "huber", losses: [{ output: "place", loss: "huber" }] }),
      said({ losses: [{ output: "place", loss: "huber", weight: 0 }] }),
      said({ loss: { kind: "crossEntropy", labelSmoothing: 2 } }),
      said({ loss: "hubre" as never }),
      said({ loss: (_, place) => mean(place as Tensor) }),
      said({ loss: (_, place) => mul(place as Tensor, param("mine", [2])) }),
      said({ loss: () => 3 as never }),
      said({
        losses: [
          { output: "scores", loss: "crossEntropy", target: "t" },
          { output: "place", loss: "huber", target: "t" },
        ],
      }),
    ]).toMatchInlineSnapshot(`
      [
        "towers has 2 outputs, and the loss crossEntropy does not say which it is of
        rule: the outputs of towers are scores [N, 3], place [N, 2]
        try:  losses: [{ output: "scores", loss: "crossEntropy" }, { output: "place", loss: "crossEntropy" }]",
        "towers has no output "score", of which a loss is
        rule: the outputs of towers are scores [N, 3], place [N, 2]
        try:  output: "scores"",
        "compileTraining: losses is an empty list
        rule: something has to be made small",
        "compileTraining: there are loss and losses
        rule: loss is the only one, losses are several with their weights
        try:  leaving out one of the two",
        "compileTraining: losses[0].weight is 0
        rule: losses[0].weight is a number above 0
        try:  weight: 1",
        "compileTraining: loss.labelSmoothing is 2
        rule: loss.labelSmoothing is a number from 0 to 1
        try:  labelSmoothing: 0.1",
        "compileTraining: loss is "hubre"
        rule: loss is one of "crossEntropy", "binaryCrossEntropy", "squaredError", "absoluteError", "huber"
        try:  loss: "huber"",
        "the terms of loss are []
        rule: a loss has numbers for each example, [N] or [N, …], whose mean is made small
        try:  mean(…, { axis: 1 }) in place of a mean over everything",
        "a loss of towers reads the parameter mine, which is none of the model's outputs
        rule: a loss is computed from outputs, inputs and targets: what it is called with, and what input() gives
        try:  that layer among the outputs, beside scores, place",
        "loss: the loss gives 3
        rule: a loss is a function from the outputs to a tensor with a number or several for each example
        try:  (y) => squaredError(y, input("target", [N, 3]))",
        "the target t is [N] of u32 for one loss and [N, 2] of f32 for another
        rule: losses with one target compare with the same numbers
        try:  target: "…", another name for one of them",
      ]
    `);
  });

  test("by a trainer: names, kinds and numbers", async () => {
    const training = compileTraining(
      towers({
        losses: [
          { output: "scores", loss: "crossEntropy" },
          { output: "place", loss: "binaryCrossEntropy" },
        ],
      }).graph,
      { optimizer, bytes: false, target: "wasm" },
    );
    const trainer = await createTrainer(training, { device });
    trainers.push(trainer);
    const fine = {
      x: new Float32Array(8),
      word: Uint16Array.of(0, 299),
      scores: Uint8Array.of(0, 2),
      place: Float32Array.of(0, 1, 0.5, 0),
    };
    expect((await trainer.evaluate(fine)).losses.map((l) => l.name)).toEqual(["scores", "place"]);
    const wrong: readonly NamedDataSet[] = [
      { ...fine, word: Uint16Array.of(0, 300) },
      { ...fine, scores: Uint8Array.of(0, 3) },
      { ...fine, scores: Float32Array.of(0, 1.5) },
      { ...fine, place: Float32Array.of(0, 1, 0.5, 2) },
      { ...fine, images: fine.x },
      { ...fine, place: Float32Array.of(0, 1) },
      { x: fine.x, word: fine.word, scores: fine.scores },
    ];
    const messages = await Promise.all(
      wrong.map(async (set) => (await failure(trainer.evaluate(set))).message),
    );
    expect(messages).toMatchInlineSnapshot(`
      [
        "towers: word 1 is 300, whole numbers are 0 … 299",
        "towers: scores 1 is 3, the classes are 0 … 2",
        "towers: scores 1 is 1.5, the classes are 0 … 2",
        "towers: place 3 is 2, this loss takes targets from 0 to 1; try: a Float32Array",
        "towers: data set: unknown option "images"; try: x, word, scores, place, classes",
        "towers: x and place differ in number: 2 and 1",
        "towers: the data set has no "place"",
      ]
    `);
  });
});

test.each([
  [256, "u8"],
  [257, "u16"],
  [65_537, "u32"],
] as const)(
  "labels of %i classes lie on the device as %s, and each is told apart",
  async (classes, storage) => {
    // The scores are a table's row, which the input picks; the label is the largest of them.
    const x = input("x", [N, 4]);
    const { graph } = model("many", { x }, { scores: linear(x, { out: classes, bias: false }) });
    const training = validateTraining(compileTraining(graph, { optimizer, target: "wasm" }));
    expect(training.step.inputs[1]).toMatchObject({ dtype: "u32", storage, below: classes });
    const picks = [0, classes - 1, Math.floor(classes / 2), 3];
    // Picture i is bright at i, where the score of class picks[i] is 1.
    const images = Uint8Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 255 : 0));
    const table = new Float32Array(4 * classes);
    picks.forEach((pick, i) => {
      table[4 * pick + i] = 1;
    });
    const param = training.evaluate.params.find((p) => p.use === undefined);
    const weights = { [param?.name ?? ""]: { shape: [classes, 4], data: table } };
    const trainer = await createTrainer(training, { device, weights });
    trainers.push(trainer);
    const right = await trainer.evaluate({ images, labels: Uint32Array.from(picks) });
    expect(right.accuracy).toBe(1);
    expect(right.loss).toBeCloseTo(Math.log(classes - 1 + Math.E) - 1, 4);
    const wrong = Uint32Array.from(picks, (pick, i) => (i === 1 ? pick - 1 : pick));
    expect((await trainer.evaluate({ images, labels: wrong })).accuracy).toBe(0.75);
  },
);
