/** Trainings that Weft once got wrong, as the hunt shrank them. */
import { sgd } from "../../compiler/train/index.ts";
import type { Dim, Line, Param } from "./spec.ts";
import type { TrainingSpec } from "./trainings.ts";

/** A model of one input x; what is trained is the last line's result. */
function trained(
  shape: readonly Dim[],
  params: readonly Param[],
  lines: readonly Line[],
  options: Partial<Omit<TrainingSpec, "model">> = {},
): TrainingSpec {
  const how = { target: "portable", precision: "f32", bake: false } as const;
  const outputs = [{ name: "y", of: lines.at(-1)?.name ?? "x" }];
  const model = {
    inputs: [{ name: "x", shape }],
    params,
    lines,
    outputs,
    batches: [3, 2],
    seed: 1,
    scale: 1,
    how,
  };
  return {
    model,
    loss: { kind: "squaredError" },
    reduction: "mean",
    optimizer: sgd({ lr: 0.3 }),
    ...options,
  };
}

const product = (name: string, a: string, b: string): Line => ({ name, op: "matmul", operands: [a, b] });

export const trainedRegressions: readonly { readonly name: string; readonly spec: TrainingSpec }[] = [
  {
    name: "a product of two matrices: one took its step with the other's new value",
    spec: trained(
      ["N", 3],
      [
        { name: "p1", shape: [3, 1] },
        { name: "p2", shape: [1, 4] },
      ],
      [product("y1", "p1", "p2"), product("y2", "x", "y1")],
    ),
  },
  {
    name: "a matrix element by element with another",
    spec: trained(
      ["N", 3],
      [
        { name: "p1", shape: [3, 2] },
        { name: "p2", shape: [3, 2] },
      ],
      [{ name: "y1", op: "mul", operands: ["p1", "p2"] }, product("y2", "x", "y1")],
    ),
  },
  {
    name: "scales and shifts in a row",
    spec: trained(
      ["N", 2],
      [
        { name: "p1", shape: [2] },
        { name: "p2", shape: [1] },
      ],
      [
        { name: "y1", op: "add", operands: ["x", "p1"] },
        { name: "y2", op: "mul", operands: ["y1", "p2"] },
      ],
    ),
  },
  {
    name: "there and back with one matrix",
    spec: trained(
      ["N", 3],
      [{ name: "p1", shape: [3, 2] }],
      [
        product("y1", "x", "p1"),
        { name: "y2", op: "tanh", operands: ["y1"] },
        { name: "y3", op: "transpose", operands: ["p1"] },
        product("y4", "y2", "y3"),
      ],
    ),
  },
  {
    name: "nine tensors joined: more than a kernel may bind",
    spec: trained(
      ["N", 2],
      Array.from({ length: 9 }, (_, i) => ({ name: `p${i}`, shape: [1] })),
      [
        ...Array.from(
          { length: 9 },
          (_, i): Line => ({ name: `y${i}`, op: "mul", operands: ["x", `p${i}`] }),
        ),
        { name: "y", op: "concat", operands: [Array.from({ length: 9 }, (_, i) => `y${i}`)] },
      ],
    ),
  },
  {
    name: "parameters whose names mean something elsewhere",
    spec: trained(
      ["N", 2],
      ["gate.running_scale", "training.metrics", "target"].map((label, i) => ({
        name: `p${i}`,
        shape: [2],
        label,
      })),
      [
        { name: "y1", op: "mul", operands: ["x", "p0"] },
        { name: "y2", op: "add", operands: ["y1", "p1"] },
        { name: "y3", op: "mul", operands: ["y2", "p2"] },
      ],
    ),
  },
  {
    name: "a norm over no parameters",
    spec: trained(["N", 2], [], [{ name: "y1", op: "relu", operands: ["x"] }], { clip: { norm: 0.5 } }),
  },
  {
    name: "a power of 0 with the exponent 0: its slope was 0 · 0⁻¹",
    spec: trained(
      ["N", 3],
      [{ name: "p1", shape: [3] }],
      [
        { name: "y1", op: "relu", operands: ["x"] },
        { name: "y2", op: "mul", operands: ["y1", "p1"] },
        { name: "y3", op: "pow", operands: ["y2", 0] },
        { name: "y4", op: "mul", operands: ["y3", "p1"] },
      ],
    ),
  },
];
