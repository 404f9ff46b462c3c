/** Options that are unknown or of another type, in every public function: none is passed over. */
import { describe, expect, test } from "vitest";
import { weft as plugin, type WeftPluginOptions } from "../../compiler/emit/esbuild.ts";
import { VARIANTS } from "../../compiler/emit/variants.ts";
import { UserError } from "../../compiler/errors.ts";
import { type LoadOptions, loadModel } from "../../compiler/frontend/index.ts";
import * as weft from "../../compiler/index.ts";
import { ops } from "../../compiler/ops/index.ts";
import { message } from "../dsl/message.ts";
import { binary, functions, image, type Options, positional, unary, untyped } from "./functions.ts";

const loading: Required<LoadOptions> = { cwd: process.cwd(), onRead: () => undefined };
const pluginOptions: Required<WeftPluginOptions> = {
  filter: /x/,
  batch: 1,
  wasm: true,
  variants: [...VARIANTS],
  weights: "w.safetensors",
};
const all: readonly (readonly [string, Options])[] = [
  ...functions,
  ["weft", { all: { ...pluginOptions }, free: ["weights"], calls: { called: untyped(plugin) } }],
  [
    "loadModel",
    {
      all: { ...loading },
      free: ["cwd"],
      calls: { called: (o) => untyped(loadModel)("models/lenet.ts", o) },
    },
  ],
];

async function thrown(body: () => unknown): Promise<unknown> {
  try {
    await body();
  } catch (e) {
    return e;
  }
  return undefined;
}

/** Whether it is refused as a user's mistake with something to try. */
async function refused(body: () => unknown): Promise<string> {
  const error = await thrown(body);
  if (!(error instanceof UserError)) return error === undefined ? "taken without a word" : String(error);
  return error.diagnosis.fix ? "refused" : `without a fix: ${error.message}`;
}

/** Values of other types than this one. */
function otherTypes(value: unknown): readonly unknown[] {
  if (typeof value === "boolean") return [0, 1, "true", null, [], {}];
  if (typeof value === "number") return ["three", true, null, Number.NaN, {}, () => 1];
  if (typeof value === "string") return [7, true, null, "", {}, ["x"]];
  if (typeof value === "function") return [7, "x", null, {}, true];
  if (Array.isArray(value)) return ["three", null, {}, [null], ["three"], true];
  return [7, "zeros", true, null, [], () => 1, { nosuch: 1 }];
}

describe.each(all)("%s", (_, { all: options, calls, free = [], numbers }) => {
  test.each(Object.entries(calls))("%s", async (_, call) => {
    expect(await thrown(() => call({ ...options }))).toBeUndefined();
    const bad: [string, unknown][] = [
      ["an unknown one", { ...options, nosuch: 1 }],
      ["null", null],
      ["a list", [options]],
    ];
    if (!numbers) bad.push(["a number", 7]);
    for (const [name, value] of Object.entries(options)) {
      for (const other of otherTypes(value))
        bad.push([`${name}: ${String(other)}`, { ...options, [name]: other }]);
      if (typeof value === "string" && !free.includes(name))
        bad.push([name, { ...options, [name]: "nosuch" }]);
    }
    const verdicts = await Promise.all(bad.map(async ([what, o]) => [what, await refused(() => call(o))]));
    expect(verdicts.filter(([, verdict]) => verdict !== "refused")).toEqual([]);
  });
});

test.each([...positional])("%s with an argument too many", async (name, args) => {
  const f = untyped((weft as Readonly<Record<string, unknown>>)[name]);
  expect(await thrown(() => f(...args))).toBeUndefined();
  expect(await refused(() => f(...args, { nosuch: 1 }))).toBe("refused");
});

test("the tables hold every op and every function of the package", () => {
  const others = [
    "concat",
    "gather",
    "embedding",
    "reshape",
    "transpose",
    "max",
    "min",
    "where",
    "squeeze",
    "stack",
    "expand",
    "tile",
    "topValues",
    "topIndices",
    "oneHot",
    "gatherElements",
    "einsum",
    "scatterElements",
    "scatterND",
    "gatherND",
    "lstm",
    "gru",
    "rnn",
  ];
  const ofOps = new Set([...Object.keys(unary), ...binary, ...others]);
  expect(Object.keys(ops).filter((op) => !ofOps.has(op))).toEqual(["reduceMax", "reduceMin"]); // max and min
  // A list of layers each, which are looked at; an adapter; a value of any kind; a size (test/sizes/messages.test.ts); what hands its options on to
  // compile (test/runtime/verify.test.ts).
  const free = ["sequential", "pipe", "targetFor", "isModel", "dim", "verification"];
  const isFunction = (value: unknown): boolean =>
    typeof value === "function" && !(value.prototype instanceof Error);
  expect(
    Object.entries(weft)
      .filter(([name, value]) => isFunction(value) && !functions.has(name) && !positional.has(name))
      .map(([name]) => name)
      .toSorted(),
  ).toEqual(free.toSorted());
});

describe("what is said", () => {
  const x = image;
  const graph = weft.model("m", { x }, { y: weft.linear(weft.flatten(x), { out: 4 }) }).graph;
  const device = { features: new Set<string>() };
  const optimizer = weft.sgd({ lr: 0.1 });
  const compile = untyped(weft.compile);
  const train = untyped(weft.compileTraining);
  const said = (...bodies: readonly (() => unknown)[]): readonly string[] => bodies.map(message);

  test("of layers", () => {
    weft.model("start", { x }, { x: weft.relu(x) });
    expect(
      said(
        () => untyped(weft.maxPool2d)(x, { kernel: 2, ceilMode: 1 }),
        () => untyped(weft.sum)({ axis: 2, keepDims: 0 }),
        () => untyped(weft.flatten)(x, { axis: 2 }),
        () => untyped(weft.relu)({ inplace: true }),
        () => untyped(weft.relu)(x, 0.1),
        () => untyped(weft.conv2d)(x, { filters: 8, kernel: 3 }),
        () => untyped(weft.conv2d)(x, x),
        () => untyped(weft.linear)({ out: "10" }),
        () => untyped(weft.linear)({ out: 10, init: weft.zeros }),
        () => untyped(weft.linear)({ out: 10, init: { kind: "uniform", low: 0 } }),
        () => untyped(weft.clip)({ max: 1e39 }),
        () => untyped(weft.add)(x, x, { alpha: 2 }),
        () => untyped(weft.add)({ alpha: 2 }),
        () => untyped(weft.input)("x", [3], { dtype: "f16" }),
        () => untyped(weft.xavierUniform)({ gain: 2 }),
      ),
    ).toMatchInlineSnapshot(`
      [
        "maxPool2d1: maxPool2d: ceilMode is 1
        rule: ceilMode is true or false
        try:  ceilMode: true",
        "sum: keepDims is 0
        rule: keepDims is true or false
        try:  keepDims: false",
        "flatten1: flatten: unknown option "axis"
        rule: flatten takes no options
        try:  leaving it out",
        "relu: unknown option "inplace"
        rule: relu takes no options
        try:  leaving it out",
        "relu1: relu: options are 0.1
        rule: relu takes no options
        try:  leaving it out",
        "conv2d1: conv2d: unknown option "filters"
        rule: conv2d takes out, kernel, stride, padding, dilation, groups, weight, bias, init
        try:  leaving it out",
        "conv2d2: conv2d takes 1 tensor, but got 2
        try:  conv2d(x)",
        "linear: out is "10"
        rule: out is a whole number of at least 1
        try:  out: 10",
        "linear: init is a function
        rule: init is an object whose kind is one of "xavierUniform", "xavierNormal", "kaimingUniform", "kaimingNormal", "zeros", "ones", "constant", "uniform"
        try:  init: xavierUniform()",
        "linear: init.high is undefined
        rule: init.high is a finite number
        try:  high: 1",
        "clip: max is 1e+39
        rule: max is within ±3.4e38, as f32 is
        try:  max: 1e+38",
        "add1: add: unknown option "alpha"
        rule: add takes no options
        try:  leaving it out",
        "add: operand 2 is an object, not a tensor
        rule: add works on tensors: the result of input(), param() or another layer
        try:  a tensor in its place",
        "x: input: dtype is "f16"
        rule: dtype is one of "f32", "i32", "u32"
        try:  dtype: "f32" or "i32" or "u32"",
        "xavierUniform: argument 1 is { gain: 2 }
        rule: xavierUniform takes no arguments
        try:  leaving it out",
      ]
    `);
  });

  test("of programs", () => {
    expect(
      said(
        () => compile(graph, { precison: "f16" }),
        () => compile(graph, { precision: "bf16" }),
        () => compile(graph, { target: "cuda" }),
        () => compile(graph, { batch: "8" }),
        () => compile(weft.model("m", { x }, { y: weft.relu(x) })),
        () => compile(undefined),
        () => train(graph, {}),
        () => train(graph),
        () => train(graph, { optimizer, loss: "mse" }),
        () => train(graph, { optimizer, labelSmoothing: 0.1 }),
        () => train(graph, { optimizer, clip: { nrm: 1 } }),
        () => train(graph, { optimizer, clip: {} }),
        () => train(graph, { optimizer: "adam" }),
        () => untyped(weft.sgd)(),
        () => untyped(weft.sgd)({ learningRate: 0.1 }),
        () => untyped(weft.adam)({ betas: [0.9] }),
        () => untyped(weft.targetFor)(device),
        () => untyped(weft.targetFor)(undefined),
        () => untyped(plugin)({ variant: ["quads"] }),
        () => untyped(plugin)({ variants: ["quad"] }),
      ),
    ).toMatchInlineSnapshot(`
      [
        "compile: unknown option "precison"
        rule: compile takes batch, precision, quantise, bake, typicalBatch, target, tuning, wasm
        try:  precision",
        "compile: precision is "bf16"
        rule: precision is one of "f32", "f16"
        try:  precision: "f16"",
        "compile: target is "cuda"
        rule: target is one of "portable", "gpu", "nvidia", "amd", "intel", "apple", "adreno", "mali", "octets", "quads", "wasm"
        try:  target: "portable" or "gpu" or "nvidia" or "amd" or "intel" or "apple" or "adreno" or "mali" or "octets" or "quads" or "wasm"",
        "compile: batch is "8"
        rule: batch is a whole number of at least 1
        try:  batch: 8",
        "compile: its graph is a model
        rule: what is compiled is the graph of a model
        try:  compile(model.graph)",
        "compile: its graph is undefined
        rule: what is compiled is the graph of a model
        try:  compile(model.graph)",
        "compileTraining: optimizer is undefined
        rule: optimizer is an object whose kind is one of "sgd", "adam"
        try:  optimizer: sgd({ lr: 0.1 }) or adam()",
        "compileTraining: optimizer is undefined
        rule: optimizer is an object whose kind is one of "sgd", "adam"
        try:  optimizer: sgd({ lr: 0.1 }) or adam()",
        "compileTraining: loss is "mse"
        rule: loss is one of "crossEntropy", "binaryCrossEntropy", "squaredError", "absoluteError", "huber"
        try:  loss: "crossEntropy" or "binaryCrossEntropy" or "squaredError" or "absoluteError" or "huber"",
        "compileTraining: unknown option "labelSmoothing"
        rule: compileTraining takes optimizer, loss, losses, reduction, clip, accumulate, freeze, lora, bytes, typicalBatch, target, tuning, wasm
        try:  leaving it out",
        "compileTraining: unknown option "clip.nrm"
        rule: clip takes norm, value
        try:  norm",
        "compileTraining: clip is {}
        rule: clip is either the norm of all gradients or the value of each
        try:  clip: { norm: 1 }",
        "compileTraining: optimizer is "adam"
        rule: optimizer is an object whose kind is one of "sgd", "adam"
        try:  optimizer: sgd({ lr: 0.1 }) or adam()",
        "sgd: lr is undefined
        rule: lr is a number above 0
        try:  lr: 0.01",
        "sgd: unknown option "learningRate"
        rule: sgd takes lr, momentum, nesterov, weightDecay
        try:  leaving it out",
        "adam: betas is [0.9]
        rule: betas is a list of 2, each entry a number of at least 0 and below 1
        try:  betas: [0.9, 0.9]",
        "targetFor: what it is given has neither info nor adapterInfo
        rule: targetFor looks at the features and the info of a GPUDevice or a GPUAdapter
        try:  const { device } = await requestDevice(); targetFor(device)",
        "targetFor: the adapter is undefined
        rule: targetFor looks at the features and the info of a GPUDevice or a GPUAdapter
        try:  const { device } = await requestDevice(); targetFor(device)",
        "weft: unknown option "variant"
        rule: weft takes filter, batch, wasm, variants, weights
        try:  variants",
        "weft: variants[0] is "quad"
        rule: variants[0] is one of "tuned", "nvidia", "amd", "intel", "apple", "adreno", "mali", "gpu", "octets", "quads", "f16", "baked"
        try:  variants[0]: "quads"",
      ]
    `);
  });
});

test("an optimiser that is written as data has its defaults", () => {
  const x = weft.input("x", [weft.N, 5]);
  const { graph } = weft.model("m", { x }, { y: weft.linear(x, { out: 4 }) });
  const written = untyped(weft.compileTraining)(graph, { optimizer: { kind: "sgd", lr: 0.1 } });
  expect(written).toEqual(weft.compileTraining(graph, { optimizer: weft.sgd({ lr: 0.1 }) }));
});
