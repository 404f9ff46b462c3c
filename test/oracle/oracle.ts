/**
 * An independent interpreter of the model graph: float64, plain loops, one function per op. It reads an op's name,
 * its attributes and its operands and shares nothing with the compiler's lowering, so that it shares no bug with it.
 */
import type { Graph, Node } from "../../compiler/ir/graph.ts";
import type { OpName } from "../../compiler/ops/index.ts";
import { showDim, showShape } from "../../contract/shapes.ts";
import type { Arrays, NdArray } from "./array.ts";
import {
  depthToSpace,
  expand,
  flip,
  pad,
  roll,
  slice,
  spaceToDepth,
  squeeze,
  stack,
  tile,
  triangle,
  unsqueeze,
} from "./axes.ts";
import {
  batchNorm,
  groupNorm,
  layerNorm,
  linear,
  localResponseNorm,
  logSoftmax,
  lpNormalize,
  matmul,
  reduction,
  rmsNorm,
  softmax,
} from "./dense.ts";
import { concat, embedding, flatten, gather, reshape, transpose } from "./layout.ts";
import { numberOf, type Op } from "./op.ts";
import {
  celu,
  clip,
  each,
  elu,
  erf,
  gelu,
  hardSigmoid,
  leakyRelu,
  pairwise,
  roundEven,
  sigmoid,
  softplus,
  where,
} from "./pointwise.ts";
import { recurrent } from "./recurrent.ts";
import { resize } from "./resize.ts";
import { gatherND, scatterElements, scatterND } from "./scatter.ts";
import {
  argExtreme,
  cast,
  cumsum,
  einsum,
  gatherElements,
  logSumExp,
  oneHot,
  ranking,
  topIndices,
  topValues,
} from "./whole.ts";
import {
  adaptiveAvgPool,
  adaptiveMaxPool,
  avgPool,
  conv,
  convTranspose,
  corr2d,
  globalAvgPool,
  globalMaxPool,
  lpPool,
  maxPool,
} from "./windows.ts";

export type Meaning = (op: Op) => NdArray;

/** The meaning of every op; the type checker finds one that is missing. */
const meanings: Readonly<Record<OpName, Meaning>> = {
  conv1d: conv,
  conv2d: conv,
  conv3d: conv,
  convTranspose1d: convTranspose,
  convTranspose2d: convTranspose,
  convTranspose3d: convTranspose,
  corr2d,
  linear,
  matmul,
  maxPool1d: maxPool,
  maxPool2d: maxPool,
  maxPool3d: maxPool,
  avgPool1d: avgPool,
  avgPool2d: avgPool,
  avgPool3d: avgPool,
  lpPool1d: lpPool,
  lpPool2d: lpPool,
  lpPool3d: lpPool,
  adaptiveAvgPool1d: adaptiveAvgPool,
  adaptiveAvgPool2d: adaptiveAvgPool,
  adaptiveAvgPool3d: adaptiveAvgPool,
  adaptiveMaxPool1d: adaptiveMaxPool,
  adaptiveMaxPool2d: adaptiveMaxPool,
  adaptiveMaxPool3d: adaptiveMaxPool,
  globalAvgPool1d: globalAvgPool,
  globalAvgPool2d: globalAvgPool,
  globalAvgPool3d: globalAvgPool,
  globalMaxPool1d: globalMaxPool,
  globalMaxPool2d: globalMaxPool,
  globalMaxPool3d: globalMaxPool,
  resize,
  flatten,
  reshape,
  transpose,
  concat,
  slice,
  gather,
  embedding,
  pad,
  squeeze,
  unsqueeze,
  expand,
  tile,
  stack,
  flip,
  triu: (op) => triangle(op, (column, from) => column >= from),
  tril: (op) => triangle(op, (column, from) => column <= from),
  roll,
  depthToSpace,
  spaceToDepth,
  cast,
  argmax: argExtreme((a, b) => a > b),
  argmin: argExtreme((a, b) => a < b),
  ranking,
  topValues,
  topIndices,
  oneHot,
  gatherElements,
  scatterElements,
  scatterND,
  gatherND,
  cumsum,
  einsum,
  lstm: recurrent("lstm"),
  gru: recurrent("gru"),
  rnn: recurrent("rnn"),
  prod: (op) => reduction(op, 1, (a, v) => a * v),
  l1: (op) => reduction(op, 0, (a, v) => a + Math.abs(v)),
  l2: (op) => reduction(op, 0, (a, v) => a + v ** 2, Math.sqrt),
  sumSquare: (op) => reduction(op, 0, (a, v) => a + v ** 2),
  logSum: (op) => reduction(op, 0, (a, v) => a + v, Math.log),
  logSumExp,
  add: (op) => pairwise(op, (a, b) => a + b),
  sub: (op) => pairwise(op, (a, b) => a - b),
  mul: (op) => pairwise(op, (a, b) => a * b),
  div: (op) => pairwise(op, (a, b) => a / b),
  max: (op) => pairwise(op, Math.max),
  min: (op) => pairwise(op, Math.min),
  pow: (op) => pairwise(op, Math.pow),
  sigmoid: (op) => each(op, sigmoid),
  tanh: (op) => each(op, Math.tanh),
  exp: (op) => each(op, Math.exp),
  log: (op) => each(op, Math.log),
  sqrt: (op) => each(op, Math.sqrt),
  abs: (op) => each(op, Math.abs),
  neg: (op) => each(op, (x) => -x),
  relu: (op) => each(op, (x) => Math.max(0, x)),
  relu6: (op) => each(op, (x) => Math.min(6, Math.max(0, x))),
  leakyRelu,
  elu,
  gelu: (op) => each(op, gelu),
  silu: (op) => each(op, (x) => x * sigmoid(x)),
  hardSigmoid: (op) => each(op, hardSigmoid),
  hardSwish: (op) => each(op, (x) => x * hardSigmoid(x)),
  selu: (op) => each(op, (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x))),
  celu: (op) => each(op, (x) => celu(x, numberOf(op.attrs, "alpha"))),
  softplus: (op) => each(op, softplus),
  softsign: (op) => each(op, (x) => x / (1 + Math.abs(x))),
  mish: (op) => each(op, (x) => x * Math.tanh(softplus(x))),
  thresholdedRelu: (op) => each(op, (x) => (x > numberOf(op.attrs, "alpha") ? x : 0)),
  prelu: (op) => pairwise(op, (x, slope) => (x > 0 ? x : x * slope)),
  floor: (op) => each(op, Math.floor),
  ceil: (op) => each(op, Math.ceil),
  round: (op) => each(op, roundEven),
  sign: (op) => each(op, Math.sign),
  reciprocal: (op) => each(op, (x) => 1 / x),
  sin: (op) => each(op, Math.sin),
  cos: (op) => each(op, Math.cos),
  tan: (op) => each(op, Math.tan),
  asin: (op) => each(op, Math.asin),
  acos: (op) => each(op, Math.acos),
  atan: (op) => each(op, Math.atan),
  sinh: (op) => each(op, Math.sinh),
  cosh: (op) => each(op, Math.cosh),
  asinh: (op) => each(op, Math.asinh),
  acosh: (op) => each(op, Math.acosh),
  atanh: (op) => each(op, Math.atanh),
  erf: (op) => each(op, erf),
  mod: (op) => pairwise(op, (a, b) => a - Math.floor(a / b) * b),
  fmod: (op) => pairwise(op, (a, b) => a % b),
  equal: (op) => pairwise(op, (a, b) => Number(a === b)),
  notEqual: (op) => pairwise(op, (a, b) => Number(a !== b)),
  less: (op) => pairwise(op, (a, b) => Number(a < b)),
  lessOrEqual: (op) => pairwise(op, (a, b) => Number(a <= b)),
  greater: (op) => pairwise(op, (a, b) => Number(a > b)),
  greaterOrEqual: (op) => pairwise(op, (a, b) => Number(a >= b)),
  and: (op) => pairwise(op, (a, b) => Number(a !== 0 && b !== 0)),
  or: (op) => pairwise(op, (a, b) => Number(a !== 0 || b !== 0)),
  xor: (op) => pairwise(op, (a, b) => Number((a !== 0) !== (b !== 0))),
  not: (op) => each(op, (x) => Number(x === 0)),
  where,
  clip,
  dropout: (op) => each(op, (x) => x),
  sum: (op) => reduction(op, 0, (a, v) => a + v),
  mean: (op) =>
    reduction(
      op,
      0,
      (a, v) => a + v,
      (a, count) => a / count,
    ),
  reduceMax: (op) => reduction(op, Number.NEGATIVE_INFINITY, Math.max),
  reduceMin: (op) => reduction(op, Number.POSITIVE_INFINITY, Math.min),
  softmax,
  logSoftmax,
  batchNorm1d: batchNorm,
  batchNorm2d: batchNorm,
  batchNorm3d: batchNorm,
  layerNorm,
  rmsNorm,
  groupNorm,
  instanceNorm: groupNorm,
  localResponseNorm,
  lpNormalize,
};

export interface EvaluateOptions {
  /** Applied to each operand before an op reads it: a model of rounding. Default: nothing. */
  readonly disturb?: (operand: NdArray) => NdArray;
  /** Applied to single numbers that an op keeps on the way, such as a mean. Default: nothing. */
  readonly round?: (value: number) => number;
  /** Called with every node's value. */
  readonly watch?: (node: Node, value: NdArray) => void;
  /** Meanings of ops that a model file defines itself. */
  readonly custom?: Readonly<Record<string, Meaning>>;
}

/**
 * Computes the outputs of a graph, by name. N is the first size of an input that has it.
 * Throws where an operand is missing or where a computed shape is not the one that the graph promises.
 */
export function evaluate(
  graph: Graph,
  inputs: Arrays,
  params: Arrays,
  options: EvaluateOptions = {},
): Record<string, NdArray> {
  const values = new Map<Node, NdArray>();
  const inputNames = new Map(graph.inputs.map((i) => [i.node, i.name]));
  const sizes = sizesOf(graph, inputs);
  const disturb = options.disturb;
  for (const node of graph.nodes) {
    const value = computed(node, (n) => {
      const known = values.get(n);
      if (!known) throw new Error(`${n.origin.name} is used before it is computed`);
      // A literal that f32 has is not rounded: the exponent of a negative number stays whole.
      const exact = n.kind === "const" && Math.fround(n.value) === n.value;
      return disturb && !exact && n.type.dtype === "f32" ? disturb(known) : known;
    });
    checkShape(node, value.shape, sizes);
    options.watch?.(node, value);
    values.set(node, value);
  }
  return Object.fromEntries(
    graph.outputs.map(({ name, node }) => {
      const value = values.get(node);
      if (!value) throw new Error(`output ${name} is not computed`);
      return [name, value];
    }),
  );

  function computed(node: Node, operand: (n: Node) => NdArray): NdArray {
    if (node.kind === "input") return given(inputs, inputNames.get(node) ?? node.origin.name, "input");
    if (node.kind === "const") return { shape: [], data: Float64Array.of(node.value) };
    if (node.kind !== "op") return given(params, node.origin.name, "parameter");
    const meaning = options.custom?.[node.op.name] ?? meanings[node.op.name as OpName]; // checked below
    if (!meaning) throw new Error(`the oracle does not know the op ${node.op.name}`);
    const batched = node.inputs.map((n) => n.type.shape[0] === "N");
    return meaning({
      attrs: node.attrs,
      inputs: node.inputs.map(operand),
      sizes,
      batched,
      round: options.round,
    });
  }
}

function given(arrays: Arrays, name: string, what: string): NdArray {
  const value = arrays[name];
  if (!value) throw new Error(`no value for ${what} ${name}`);
  return value;
}

/** The size that N stands for; 1 where no input has it. */
export function batchOf(graph: Graph, inputs: Arrays): number {
  const batched = graph.inputs.find((i) => i.node.type.shape[0] === "N");
  return batched ? (given(inputs, batched.name, "input").shape[0] ?? 1) : 1;
}

/** What all sizes are that are no numbers: N and others, as the inputs have them. */
function sizesOf(graph: Graph, inputs: Arrays): Record<string, number> {
  const sizes: Record<string, number> = { N: batchOf(graph, inputs) };
  for (const { name, node } of graph.inputs)
    node.type.shape.forEach((d, i) => {
      if (typeof d === "object") sizes[d.name] ??= given(inputs, name, "input").shape[i] ?? 1;
    });
  return sizes;
}

function checkShape(node: Node, shape: readonly number[], sizes: Record<string, number>): void {
  const promised = node.type.shape.map((d) => (typeof d === "number" ? d : sizes[showDim(d)]));
  if (promised.length === shape.length && promised.every((d, i) => d === shape[i])) return;
  const name = node.kind === "op" ? `${node.origin.name} (${node.op.name})` : node.origin.name;
  throw new Error(`${name} has shape ${showShape(shape)}, but the graph says ${showShape(node.type.shape)}`);
}
