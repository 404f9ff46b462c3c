/** Every public function of the compiler, with all the options that its types state. */
import * as weft from "../../compiler/index.ts";
import type {
  AdaptivePoolOptions,
  AvgPoolOptions,
  BatchNormOptions,
  BlockOptions,
  CastOptions,
  ConcatOptions,
  ConvOptions,
  ConvTransposeOptions,
  CumsumOptions,
  FlipOptions,
  GatherNdOptions,
  GroupNormOptions,
  InstanceNormOptions,
  LayerNormOptions,
  LinearOptions,
  LocalResponseNormOptions,
  LpNormalizeOptions,
  LpPoolOptions,
  OpName,
  PadOptions,
  PlaceOptions,
  PoolOptions,
  RankingOptions,
  RecurrentOptions,
  ReduceOptions,
  ResizeOptions,
  RollOptions,
  ScatterElementsOptions,
  ScatterNdOptions,
  SliceOptions,
  SoftmaxOptions,
  SqueezeOptions,
  StackOptions,
  TriangleOptions,
  UnsqueezeOptions,
} from "../../compiler/ops/index.ts";
import type { AdamOptions, SgdOptions, TrainingOptions } from "../../compiler/train/index.ts";

type Anything = (...args: readonly unknown[]) => unknown;
/** As JavaScript calls it: no type checks the arguments. */
export const untyped = (f: unknown): Anything => f as Anything;

export const image = weft.input("image", [weft.N, 4, 8, 8]);
const RANKS = ["1d", "2d", "3d"] as const;
/** What an op is applied to, by the end of its name. */
const images: Readonly<Record<string, weft.Tensor>> = {
  "1d": weft.input("sequence", [weft.N, 4, 8]),
  "3d": weft.input("volume", [weft.N, 4, 8, 8, 8]),
};
const operandOf = (op: string): weft.Tensor => images[op.slice(-2)] ?? image;
const matrix = weft.input("matrix", [6, 8]);

export interface Options {
  /** An option of each name, all of them right. */
  readonly all: Readonly<Record<string, unknown>>;
  /** Names of options that may be any string. */
  readonly free?: readonly string[];
  /** Whether a number is something else than options: `max(x, 7)`. */
  readonly numbers?: true;
  /** Calls the function with options. */
  readonly calls: Readonly<Record<string, (options: unknown) => unknown>>;
}

const init = weft.kaimingUniform();
const reduce: Required<ReduceOptions> = { axis: 1, keepDims: true };
const placeOptions: Required<PlaceOptions> = { axis: 1, keepDims: true, last: true };
const softmax: Required<SoftmaxOptions> = { axis: 1 };

/** The options of each op by the interface that types state for it: an op or an option that is missing is a type error. */
const conv: Required<ConvOptions> = {
  out: 8,
  kernel: 3,
  stride: 1,
  padding: 1,
  dilation: 1,
  groups: 2,
  bias: true,
  init,
};
const { padding, ...others } = conv;
const convTranspose: Required<ConvTransposeOptions> = { ...others, padding: 1, outputPadding: 1 };
const linear: Required<LinearOptions> = { out: 3, in: 8, bias: true, init };
const maxPool: Required<PoolOptions> = { kernel: 2, stride: 2, padding: 0, dilation: 1, ceilMode: true };
const avgPool: Required<AvgPoolOptions> = { ...maxPool, countIncludePad: true };
const lpPool: Required<LpPoolOptions> = { ...maxPool, p: 3 };
const adaptiveAvgPool: Required<AdaptivePoolOptions> = { size: 3 };
const batchNorm: Required<BatchNormOptions> = { eps: 1e-3, momentum: 0.2 };
const groupNorm: Required<GroupNormOptions> = { groups: 2, eps: 1e-3 };
const localResponseNorm: Required<LocalResponseNormOptions> = { size: 3, alpha: 0.1, beta: 0.5, k: 2 };
const lpNormalize: Required<LpNormalizeOptions> = { p: 1, axis: 2, eps: 1e-9 };
const layerNorm: Required<LayerNormOptions> = { dims: 1, eps: 1e-3 };
const resize: Required<Omit<ResizeOptions, "size">> = {
  scale: 2,
  mode: "cubic",
  coordinates: "asymmetric",
  nearest: "ceil",
  cubicCoefficient: -0.5,
  excludeOutside: true,
};
const pad: Required<PadOptions> = { padding: [1, 2], value: 2, mode: "constant", axis: 2 };
const slice: Required<SliceOptions> = { axis: 2, start: 1, end: 3, step: 2 };
const squeeze: Required<SqueezeOptions> = { axis: 0 };
const unsqueeze: Required<UnsqueezeOptions> = { axis: 2 };
const flip: Required<FlipOptions> = { axis: 2 };
const triangle: Required<TriangleOptions> = { diagonal: 1 };
const roll: Required<RollOptions> = { shift: 1, axis: 2 };
const block: Required<BlockOptions> = { block: 2, mode: "CRD" };
const recurrent: Required<Omit<RecurrentOptions, keyof typeof ofLstm | keyof typeof ofGru | "activations">> =
  {
    hidden: 3,
    direction: "both",
    bias: false,
    clip: 2,
    init,
  };
const ofLstm = { peephole: true, coupled: true };
const ofGru = { resetAfter: false };
const one = weft.input("one", [1, 4, 8]);
const stack: Required<StackOptions> = { axis: 1 };
const concat: Required<ConcatOptions> = { axis: 1 };

/** An op of each rank of windows: `conv1d`, `conv2d`, `conv3d`. */
function forRanks(options: Readonly<Record<string, object>>): Readonly<Record<string, object>> {
  return Object.fromEntries(
    Object.entries(options).flatMap(([name, all]) => RANKS.map((r) => [`${name}${r}`, all])),
  );
}

/** Options of the ops of one operand; those of two take none. */
export const unary: Readonly<Record<string, object>> = {
  linear,
  ...forRanks({
    conv,
    convTranspose,
    batchNorm,
    maxPool,
    avgPool,
    lpPool,
    adaptiveAvgPool,
    adaptiveMaxPool: adaptiveAvgPool,
    globalAvgPool: {},
    globalMaxPool: {},
  }),
  layerNorm,
  rmsNorm: layerNorm,
  groupNorm,
  instanceNorm: { eps: 1e-3 } satisfies Required<InstanceNormOptions>,
  localResponseNorm,
  lpNormalize,
  resize,
  upsample: { size: [4, 4], mode: "linear", alignCorners: true },
  pad,
  slice,
  unsqueeze,
  flip,
  triu: triangle,
  tril: triangle,
  roll,
  depthToSpace: block,
  spaceToDepth: block,
  flatten: {},
  sum: reduce,
  mean: reduce,
  prod: reduce,
  l1: reduce,
  l2: reduce,
  sumSquare: reduce,
  logSum: reduce,
  logSumExp: reduce,
  cast: { to: "i32" } satisfies CastOptions,
  argmax: placeOptions,
  argmin: placeOptions,
  ranking: { axis: 2, largest: false } satisfies Required<RankingOptions>,
  cumsum: { axis: 2, exclusive: true, reverse: true } satisfies Required<CumsumOptions>,
  softmax,
  logSoftmax: softmax,
  leakyRelu: { slope: 0.1 },
  elu: { alpha: 0.5 },
  celu: { alpha: 0.5 },
  thresholdedRelu: { alpha: 0.5 },
  clip: { min: -1, max: 1 },
  dropout: { p: 0.2 },
  ...Object.fromEntries(
    `sigmoid relu relu6 tanh gelu silu hardSigmoid hardSwish exp log sqrt abs neg selu softplus softsign mish floor ceil round sign
    reciprocal sin cos tan asin acos atan sinh cosh asinh acosh atanh erf not`
      .split(/\s+/)
      .map((name) => [name, {}]),
  ),
} satisfies Partial<Record<OpName | "upsample", object>>;
export const binary = (
  "add sub mul div pow matmul corr2d mod fmod prelu equal notEqual less lessOrEqual greater greaterOrEqual and or xor" as const
).split(" ");
const byName = weft as Readonly<Record<string, unknown>>;

const optimizer = weft.sgd({ lr: 0.1 });
const whole = weft.input("whole", [weft.N, 3], { dtype: "i32" });
const labels = weft.input("labels", [weft.N], { dtype: "u32" });
const few = weft.input("few", [2, 4], { dtype: "i32" });
const logits = weft.linear(weft.flatten(image), { out: 4 });
const graph = weft.model("m", { image }, { y: logits }).graph;
const training: Required<Omit<TrainingOptions, "losses">> = {
  optimizer,
  loss: "crossEntropy",
  reduction: "sum",
  clip: { norm: 1 },
  accumulate: 2,
  freeze: [],
  lora: { rank: 2, alpha: 4, layers: ["*"] },
  bytes: true,
  target: "gpu",
  tuning: {},
  typicalBatch: 8,
  wasm: true,
};
const sgd: Required<SgdOptions> = { lr: 0.1, momentum: 0.5, nesterov: true, weightDecay: 0.1 };
const adam: Required<AdamOptions> = { lr: 0.1, betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0.1 };
const compiling: Required<weft.CompileOptions> = {
  batch: 2,
  typicalBatch: 8,
  precision: "f16",
  quantise: "i8",
  target: "gpu",
  tuning: {},
  bake: {},
  wasm: true,
};

const layers = Object.entries(unary).map(([name, all]): [string, Options] => {
  const f = untyped(byName[name]);
  const x = operandOf(name);
  const chain = (o: unknown): unknown => untyped(weft.sequential(f(o) as weft.Layer))(x);
  return [name, { all: { ...all }, calls: { applied: (o) => f(x, o), "as a layer": f, chained: chain } }];
});
const pairs = binary.map((name): [string, Options] => {
  const operands = name === "corr2d" ? [matrix, weft.param("k", [2, 2])] : [image, image];
  return [name, { all: {}, calls: { applied: (o) => untyped(byName[name])(...operands, o) } }];
});
const extrema = (["max", "min"] as const).map((name): [string, Options] => {
  const f = untyped(byName[name]);
  return [
    name,
    { all: { ...reduce }, numbers: true, calls: { applied: (o) => f(image, o), "as a layer": f } },
  ];
});

/** Layers whose parameters are given as tensors. */
const given = (
  [
    ["conv2d", { out: 8, kernel: 3, weight: weft.param("w", [8, 4, 3, 3]) }],
    ["linear", { out: 3, weight: weft.param("w", [3, 8]) }],
    ["batchNorm2d", { weight: weft.param("w", [4]), bias: weft.param("b", [4]) }],
    ["layerNorm", { weight: weft.param("w", [8]), bias: weft.param("b", [8]) }],
  ] as const
).map(([name, all]): [string, Options] => {
  const f = untyped(byName[name]);
  return [`${name} with given tensors`, { all, calls: { applied: (o) => f(image, o), "as a layer": f } }];
});

/** What takes options, and how. */
export const functions: ReadonlyMap<string, Options> = new Map([
  ...layers,
  ...given,
  ...pairs,
  ...extrema,
  ["concat", { all: { ...concat }, calls: { applied: (o) => untyped(weft.concat)([image, image], o) } }],
  ["stack", { all: { ...stack }, calls: { applied: (o) => untyped(weft.stack)([image, image], o) } }],
  [
    "squeeze",
    {
      all: { ...squeeze },
      calls: {
        applied: (o) => untyped(weft.squeeze)(weft.param("one", [1, 4]), o),
        "as a layer": untyped(weft.squeeze),
      },
    },
  ],
  ["split", { all: { axis: 1, sizes: [1, 3] }, calls: { applied: (o) => untyped(weft.split)(image, o) } }],
  [
    "split into equal parts",
    { all: { axis: 1, parts: 2 }, calls: { applied: (o) => untyped(weft.split)(image, o) } },
  ],
  [
    "topK",
    { all: { count: 2, axis: 2, largest: false }, calls: { applied: (o) => untyped(weft.topK)(image, o) } },
  ],
  [
    "scatterElements",
    {
      all: { axis: 1, reduction: "max" } satisfies Required<ScatterElementsOptions>,
      calls: {
        applied: (o) =>
          untyped(weft.scatterElements)(weft.param("t", [3, 4]), few, weft.param("u", [2, 4]), o),
      },
    },
  ],
  [
    "scatterND",
    {
      all: { reduction: "add" } satisfies Required<ScatterNdOptions>,
      calls: {
        applied: (o) => untyped(weft.scatterND)(weft.param("t", [5, 5, 5, 5]), few, weft.param("u", [2]), o),
      },
    },
  ],
  [
    "gatherND",
    {
      all: { batchDims: 0 } satisfies Required<GatherNdOptions>,
      calls: { applied: (o) => untyped(weft.gatherND)(weft.param("t", [5, 5, 5, 5]), few, o) },
    },
  ],
  [
    "gatherElements",
    {
      all: { axis: 1 },
      calls: { applied: (o) => untyped(weft.gatherElements)(weft.param("t", [3, 4]), few, o) },
    },
  ],
  ...Object.entries({ rnn: weft.rnn, gru: weft.gru, lstm: weft.lstm }).flatMap(
    ([name, layer]): [string, Options][] => {
      const all = { ...recurrent, ...(name === "gru" ? ofGru : name === "lstm" ? ofLstm : {}) };
      const f = untyped(layer);
      const activations = ["sigmoid", "tanh", "relu"].slice(0, name === "rnn" ? 1 : name === "gru" ? 2 : 3);
      const cells = name === "lstm" ? { cell: weft.param("c", [1, 1, 3]) } : {};
      const begun = { hidden: 3, state: weft.param("h", [1, 1, 3]), ...cells };
      return [
        [
          name,
          { all: { ...all, activations }, calls: { applied: (o) => f(images["1d"], o), "as a layer": f } },
        ],
        [
          `${name} with its states`,
          { all: { ...begun, states: true }, calls: { applied: (o) => f(one, o) } },
        ],
      ];
    },
  ),
  [
    "oneHot",
    {
      all: { count: 4, axis: 1 },
      calls: { applied: (o) => untyped(weft.oneHot)(whole, o), "as a layer": untyped(weft.oneHot) },
    },
  ],
  [
    "crossEntropy",
    {
      all: { weight: [1, 2, 1, 1], labelSmoothing: 0.1, ignoreIndex: 255 },
      calls: { applied: (o) => untyped(weft.crossEntropy)(logits, labels, o) },
    },
  ],
  ["huber", { all: { delta: 2 }, calls: { applied: (o) => untyped(weft.huber)(logits, logits, o) } }],
  ["gather", { all: { axis: 1 }, calls: { applied: (o) => untyped(weft.gather)(image, whole, o) } }],
  [
    "embedding",
    {
      all: { count: 4, size: 3, init },
      calls: {
        applied: (o) => untyped(weft.embedding)(whole, o),
        "as a layer": untyped(weft.embedding),
      },
    },
  ],
  [
    "constant of numbers",
    { all: { dtype: "i32" }, calls: { called: (o) => untyped(weft.constant)([1, 2], [2], o) } },
  ],
  ["input", { all: { dtype: "i32" }, calls: { called: (o) => untyped(weft.input)("x", [weft.N, 3], o) } }],
  ["compile", { all: { ...compiling }, calls: { called: (o) => untyped(weft.compile)(graph, o) } }],
  [
    "compileTraining",
    { all: { ...training }, calls: { called: (o) => untyped(weft.compileTraining)(graph, o) } },
  ],
  [
    "lora",
    {
      all: { rank: 2, alpha: 4, layers: ["*"] } satisfies Required<weft.LoraOptions>,
      calls: { called: (o) => untyped(weft.lora)(graph, o) },
    },
  ],
  [
    "model",
    {
      all: { classes: 4, loss: "crossEntropy" } satisfies Required<Omit<weft.ModelOptions, "losses">>,
      calls: { called: (o) => untyped(weft.model)("m", { image }, { y: logits }, o) },
    },
  ],
  ["sgd", { all: { ...sgd }, calls: { called: untyped(weft.sgd) } }],
  ["adam", { all: { ...adam }, calls: { called: untyped(weft.adam) } }],
  [
    "defineOp",
    {
      free: ["name"],
      all: { name: "twice", shape: ([x]: never[]) => x, value: () => 0 },
      calls: { called: untyped(weft.defineOp) },
    },
  ],
]);

/** What takes arguments alone: right ones, to which a test adds one too many. */
export const positional: ReadonlyMap<string, readonly unknown[]> = new Map<string, readonly unknown[]>([
  ["input", ["x", [weft.N, 3], { dtype: "u32" }]],
  ["param", ["w", [3], weft.ones()]],
  ["model", ["m", { image }, { y: logits }, { classes: 4 }]],
  ["residual", [weft.relu(), weft.relu()]],
  ["zeros", []],
  ["ones", []],
  ["xavierUniform", []],
  ["xavierNormal", []],
  ["kaimingUniform", []],
  ["kaimingNormal", []],
  ["constant", [1]],
  ["uniform", [0, 1]],
  ["where", [image, image, 1]],
  ["binaryCrossEntropy", [logits, logits]],
  ["squaredError", [logits, logits]],
  ["absoluteError", [logits, logits]],
  ["reshape", [image, [weft.N, -1]]],
  ["transpose", [image, [0, 1, 3, 2]]],
  ["expand", [image, [weft.N, 4, 8, 8]]],
  ["tile", [image, [1, 1, 2, 1]]],
  ["einsum", ["nchw->nc", [image]]],
]);
