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

export const regressions: readonly Regression[] = [
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
