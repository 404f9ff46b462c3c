/** Models that Weft once computed wrongly, as the hunt shrank them. */
import type { Dim, Line, ModelSpec } from "./spec.ts";

export interface Regression {
  /** What was wrong. */
  readonly name: string;
  readonly spec: ModelSpec;
}

type Options = Partial<Omit<ModelSpec, "lines" | "how">> & { readonly how?: Partial<ModelSpec["how"]> };

/** A model of one input x; the output is the last line's result unless given. */
function regression(
  name: string,
  shape: readonly Dim[],
  lines: readonly Line[],
  options: Options = {},
): Regression {
  const last = lines.at(-1)?.name ?? "x";
  const spec = {
    inputs: [{ name: "x", shape }],
    params: [],
    lines,
    outputs: [{ name: last, of: last }],
    batches: [2],
    seed: 0,
    scale: 1,
  };
  const how = { target: "portable", precision: "f32", bake: false, ...options.how } as const;
  return { name, spec: { ...spec, ...options, how } };
}

const x2: readonly Dim[] = ["N", 3, 7, 7];

/** Two lines of one op that differ in options alone, on two inputs of their own. */
const twins = (
  op: string,
  options: readonly [Line["options"], Line["options"]],
  shape: readonly Dim[] = x2,
): ModelSpec => ({
  ...regression("", shape, [
    { name: "y1", op, operands: ["x"], ...(options[0] ? { options: options[0] } : {}) },
    { name: "y2", op, operands: ["z"], ...(options[1] ? { options: options[1] } : {}) },
  ]).spec,
  inputs: [
    { name: "x", shape },
    { name: "z", shape },
  ],
  outputs: [
    { name: "y1", of: "y1" },
    { name: "y2", of: "y2" },
  ],
});

/** Kernels that differ in a number alone were one. */
const differing: readonly Regression[] = [
  { name: "slopes", spec: twins("leakyRelu", [{ slope: 0.1 }, { slope: 0.25 }]) },
  {
    name: "windows",
    spec: twins("maxPool2d", [
      { kernel: 2, stride: 2 },
      { kernel: 3, stride: 2 },
    ]),
  },
  { name: "averages", spec: twins("avgPool2d", [{ kernel: [1, 2] }, { kernel: [1, 3] }]) },
  {
    name: "dilations",
    spec: twins("maxPool2d", [
      { kernel: 2, dilation: 1 },
      { kernel: 2, dilation: 2 },
    ]),
  },
  { name: "eps", spec: twins("layerNorm", [{ eps: 1e-5 }, { eps: 0.1 }]) },
  { name: "eps of statistics", spec: twins("batchNorm2d", [{ eps: 1e-5 }, { eps: 0.1 }]) },
  {
    name: "bounds",
    spec: twins("clip", [
      { min: -0.1, max: 0.5 },
      { min: -0.2, max: 0.5 },
    ]),
  },
  {
    name: "padding",
    spec: twins("pad", [
      { padding: 1, value: 0.5 },
      { padding: 1, value: 0.25 },
    ]),
  },
  {
    name: "an op's own options",
    spec: twins("bend", [
      { knee: 0.1, slope: 0.1 },
      { knee: 0.1, slope: 0.2 },
    ]),
  },
  {
    name: "windows of one's own",
    spec: twins("windowed", [
      { size: 2, scale: 1 },
      { size: 3, scale: 1 },
    ]),
  },
  regression(
    "a literal under a product",
    ["N", 5],
    [
      { name: "y1", op: "matmul", operands: ["x", "p1"] },
      { name: "y2", op: "mul", operands: ["y1", 0.1] },
      { name: "y3", op: "sigmoid", operands: ["y2"] },
      { name: "y4", op: "matmul", operands: ["y3", "p1"] },
      { name: "y5", op: "mul", operands: ["y4", 0.25] },
      { name: "y6", op: "sigmoid", operands: ["y5"] },
    ],
    { params: [{ name: "p1", shape: [5, 5] }] },
  ),
];

/** Outputs that are parameters, or made of them alone, came back in the order that a product wants. */
const seen: readonly Regression[] = (["p1", "y1"] as const).map((of) =>
  regression(
    `${of === "p1" ? "a parameter" : "a value of parameters"} that is an output and is read along its first axis`,
    ["N", 5],
    [
      { name: "y1", op: "mul", operands: ["p1", 2] },
      { name: "y2", op: "rows", operands: ["x", of], options: { scale: 0.5 } },
    ],
    {
      params: [{ name: "p1", shape: [6, 5] }],
      outputs: [
        { name: "y2", of: "y2" },
        { name: "seen", of },
      ],
    },
  ),
);

/** What was found since. */
const later: readonly Regression[] = [
  regression(
    "a reshape of joined reshapes: the guard bounds what a division reads",
    ["N", 5, 8],
    [
      { name: "y2", op: "reshape", operands: ["x"], options: ["N", 20, 2] },
      { name: "y3", op: "concat", operands: [["y2", "y2", "y2"]] },
      { name: "y4", op: "transpose", operands: ["y3"], options: [0, 2, 1] },
      { name: "y5", op: "linear", operands: ["y4"], options: { out: 5 } },
      { name: "y6", op: "reshape", operands: ["y3"], options: ["N", -1] },
    ],
    {
      outputs: [
        { name: "y5", of: "y5" },
        { name: "y6", of: "y6" },
      ],
      how: { target: "octets" },
    },
  ),
];

const kept = { axis: 1, keepDims: true } as const;

/** What several results and whole numbers brought up. */
const several: readonly Regression[] = [
  regression(
    "a kernel of several results that would wait for one that waits for it",
    ["N", 2],
    [
      { name: "y1", op: "add", operands: ["x", "p1"] },
      { name: "y2", op: "sum", operands: ["y1"], options: kept },
      { name: "y3", op: "sum", operands: ["y1"], options: kept },
      { name: "y4", op: "sub", operands: ["y1", "y3"] },
      { name: "y5", op: "sub", operands: ["x", "y2"] },
      { name: "y6", op: "sum", operands: ["x"], options: kept },
      { name: "y7", op: "sub", operands: ["x", "y6"] },
      { name: "y8", op: "clip", operands: ["y7"], options: { min: -1.3, max: 0.2 } },
      { name: "y9", op: "pow", operands: ["y8", 3] },
    ],
    {
      params: [{ name: "p1", shape: [2] }],
      outputs: ["y4", "y5", "y9"].map((of) => ({ name: of, of })),
    },
  ),
  regression(
    "rows by constant places: the text went by what had been compiled before",
    ["N", 1],
    [
      { name: "y1", op: "embedding", operands: ["i1"], options: { count: 2, size: 2 } },
      { name: "y2", op: "gather", operands: ["y1", "i2"] },
      { name: "y3", op: "gather", operands: ["y1", "i2"] },
    ],
    {
      inputs: [
        { name: "i1", shape: ["N"], dtype: "i32" },
        { name: "i2", shape: [4], dtype: "i32" },
      ],
      outputs: ["y2", "y3"].map((of) => ({ name: of, of })),
    },
  ),
  regression(
    "a part that is one of the tensors that were joined: it lies where that does",
    ["N", 1],
    [
      { name: "y1", op: "matmul", operands: ["x", "p1"] },
      { name: "y2", op: "concat", operands: [["y1", "y1", "y1"]] },
      { name: "y3", op: "split", operands: ["y2"], options: { sizes: [1, 3, 2] }, part: 2 },
    ],
    { params: [{ name: "p1", shape: [1, 2] }] },
  ),
];

export const regressions: readonly Regression[] = [
  ...differing,
  ...seen,
  ...later,
  ...several,
  regression(
    "padded average over a vector of dense outputs: the guard splits the vector",
    [1, 1, 5, 5],
    [
      { name: "y1", op: "linear", operands: ["x"], options: { out: 10 } },
      { name: "y2", op: "avgPool2d", operands: ["y1"], options: { kernel: [1, 2], padding: [0, 1] } },
      { name: "y3", op: "relu", operands: ["y2"] },
    ],
  ),
  regression(
    "padded maximum over dense outputs: the weight was read at −1",
    [1, 1, 5, 5],
    [
      { name: "y1", op: "linear", operands: ["x"], options: { out: 7 } },
      { name: "y2", op: "maxPool2d", operands: ["y1"], options: { kernel: [1, 3], padding: [0, 1] } },
    ],
  ),
  regression(
    "the left tail of gelu: 1 + erf cancels, and a root shows it",
    ["N", 1, 5, 5],
    [
      { name: "y1", op: "gelu", operands: ["x"] },
      { name: "y2", op: "abs", operands: ["y1"] },
      { name: "y3", op: "sqrt", operands: ["y2"] },
    ],
    { scale: 30 },
  ),
  regression(
    "a padded average over dense rows: the rows were read at −1",
    ["N", 1, 5, 5],
    [
      { name: "y1", op: "matmul", operands: ["x", "p1"] },
      { name: "y2", op: "avgPool2d", operands: ["y1"], options: { kernel: 2, padding: 1 } },
      { name: "y3", op: "relu", operands: ["y2"] },
    ],
    { params: [{ name: "p1", shape: [5, 4] }] },
  ),
  regression(
    "a convolution that sees nothing but padding does not depend on N",
    ["N", 1, 5, 5],
    [
      { name: "y1", op: "mean", operands: ["x"], options: { axis: [1, 2], keepDims: true } },
      { name: "y2", op: "pad", operands: ["y1"], options: { padding: 1, value: -0.5 } },
      {
        name: "y3",
        op: "conv2d",
        operands: ["y2"],
        options: { out: 1, kernel: [1, 5], padding: [0, 0, 0, 1], stride: [3, 1] },
      },
    ],
  ),
  regression(
    "an output that is gelu's left tail alone: it is onnxruntime whose 1 + erf cancels",
    ["N", 2, 1, 13],
    [
      { name: "y1", op: "globalAvgPool2d", operands: ["x"] },
      { name: "y2", op: "conv2d", operands: ["y1"], options: { out: 1, kernel: 1, stride: 1 } },
      { name: "y3", op: "gelu", operands: ["y2"] },
    ],
    { batches: [3], seed: 14093, scale: 30 },
  ),
];
