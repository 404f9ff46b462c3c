/**
 * Batch normalisation in training, of [N, C] and behind it any axes: with the batch's own mean μ and (biased) variance σ²,
 * which the running ones follow, the variance unbiased. Three kernels each way: sums along the rows of pictures, theirs, and
 * what is made of them; two on GPUs that a workgroup for each channel keeps busy.
 */
import { must } from "../errors.ts";
import type { Axis, Expr, Index, OpContext } from "../ir/expr.ts";
import type { Node, OpDef, OpNode, Update } from "../ir/graph.ts";
import { boundOf } from "../ir/type.ts";
import { axisIndex, constant } from "../math/affine.ts";
import { call, literal, load, reduce } from "../math/build.ts";
import { fail, noOptions } from "./check.ts";
import { derivedNode, gradientOrigin, inRole, suffixed } from "./derived.ts";
import { keepBusy } from "./reduce.ts";

export type BatchNormAttrs = { readonly eps: number; readonly momentum: number };

const [add, sub, mul, div] = (["add", "sub", "mul", "div"] as const).map(
  (fn) =>
    (a: Expr, b: Expr): Expr =>
      call(fn, a, b),
) as [Binary, Binary, Binary, Binary]; // one for each name
type Binary = (a: Expr, b: Expr) => Expr;
const square = (e: Expr): Expr => mul(e, e);

/** How many positions some axes have, and the mean of a value over them. */
const countOf = (axes: readonly Axis[]): Expr => reduce("sum", axes, literal(1));
const meanOf = (axes: readonly Axis[], body: Expr): Expr =>
  mul(reduce("sum", axes, body), div(literal(1), countOf(axes)));

/** A node of the layer's, one number for each channel. */
function perChannel(
  layer: OpNode,
  name: string,
  define: (c: readonly Index[], context: OpContext) => Expr,
): OpNode {
  const { dtype, shape } = must(layer.inputs[1], "weight").type;
  return derivedNode(
    `${layer.op.name}.statistic`,
    { dtype, shape },
    suffixed(layer.origin, name),
    (context) => define(context.at.map(axisIndex), context),
  );
}

export function batchNormTraining(
  node: OpNode,
  _salt: number,
  threads: number,
): {
  readonly value: Node;
  readonly updates: readonly Update[];
} {
  const [x, gamma, beta, runningMean, runningVariance] = node.inputs;
  if (!x || !gamma || !beta || !runningMean || !runningVariance)
    return fail(`${node.op.name}: missing operands`);
  const { eps, momentum } = node.attrs as BatchNormAttrs; // its options gave them
  const { mean, variance } = statisticsOf(x, node, threads);
  const inverse = perChannel(node, "inverse", (c) =>
    div(literal(1), call("sqrt", add(load(variance, c), literal(eps)))),
  );
  const scale = perChannel(node, "scale", (c) => mul(load(gamma, c), load(inverse, c)));
  const inputs = [x, mean, scale, beta, inverse];
  const { type, origin } = node;
  const op = { ...normalised, name: node.op.name };
  const value: OpNode = { kind: "op", op, attrs: {}, inputs, type, origin };

  const follow = (
    state: Node,
    name: string,
    batch: (c: readonly Index[], context: OpContext) => Expr,
  ): Update => {
    const next = perChannel(node, `${name}_updated`, (c, context) => {
      const kept = mul(load(state, c), literal(1 - momentum));
      return add(kept, mul(batch(c, context), literal(momentum)));
    });
    return { state, value: { ...next, origin: inRole(next.origin, "update", state) } };
  };
  return {
    value,
    updates: [
      follow(runningMean, "mean", (c) => load(mean, c)),
      follow(runningVariance, "variance", (c, context) => {
        const count = countOf(besidesOf(x, context));
        const unbiased = div(count, call("max", sub(count, literal(1)), literal(1)));
        return mul(load(variance, c), unbiased);
      }),
    ],
  };
}

/** Whoever reads it states what becomes of the gradient of all that it is made of. */
const detached = (node: OpNode): OpNode => ({ ...node, op: { ...node.op, detached: true } });

/** New axes of all dimensions but the channels, and the index of an element by them. */
interface Besides {
  readonly axes: readonly Axis[];
  at(c: Index, example?: Index): readonly Index[];
}
function besides({ type: { shape } }: Node, { axis }: OpContext): Besides {
  const axes = shape.flatMap((d, i) => (i === 1 ? [] : [axis(i === 0 ? "n" : ("hwd"[i - 2] ?? "d"), d)]));
  const [n, ...rest] = axes;
  return {
    axes,
    at: (c, example = axisIndex(must(n, "batch"))) => [example, c, ...rest.map(axisIndex)],
  };
}
const besidesOf = (x: Node, context: OpContext): readonly Axis[] => besides(x, context).axes;

/**
 * Mean and biased variance of each channel of x, by rows of its pictures (or columns, where these are more): σ² is the mean
 * of the rows' variances and of the squares of what their means are off by. A row is taken over all examples, relative to
 * a pilot mean, that of the first example's: a mean that is large against the deviations keeps its digits (Chan, Golub &
 * LeVeque, "Algorithms for computing the sample variance", 1983).
 */
function statisticsOf(
  x: Node,
  layer: OpNode,
  threads: number,
): { readonly mean: OpNode; readonly variance: OpNode } {
  const [, channels, ...spatial] = x.type.shape;
  if (channels === undefined) return fail(`${layer.op.name}: missing axes`);
  // The largest of several axes counts the rows; what has one alone is a single row, and so is what keeps a GPU busy as it is.
  const extents = spatial.map(boundOf);
  const busy = keepBusy(Number(channels), threads);
  const upright = spatial.length > 1 && !busy ? extents.indexOf(Math.max(...extents)) : -1;
  const rows = spatial[upright] ?? 1;
  const type = { dtype: x.type.dtype, shape: [rows, channels] };
  /** A number of each row, of its pilot and the means of what elements are off it, and of the squares of that. */
  const perRow = (name: string, make: (pilot: Expr, mean: Expr, squares: Expr) => Expr): OpNode =>
    derivedNode(`${layer.op.name}.row`, type, suffixed(layer.origin, name), (context) => {
      const [row, c] = context.at.map(axisIndex);
      if (!row || !c) return fail(`${layer.op.name}: missing axes`);
      const along = (): readonly Axis[] =>
        spatial.flatMap((d, i) => (i === upright ? [] : [context.axis("hwd"[i] ?? "d", d)]));
      const element = (example: Index, axes: readonly Axis[]): Expr => {
        const rest = axes.map(axisIndex);
        return load(x, [example, c, ...(upright < 0 ? rest : rest.toSpliced(upright, 0, row))]);
      };
      const [n, first, others] = [context.axis("n", must(x.type.shape[0], "batch")), along(), along()];
      const pilot = meanOf(first, element(constant(0), first));
      const off = sub(element(axisIndex(n), others), pilot);
      return make(pilot, meanOf([n, ...others], off), meanOf([n, ...others], square(off)));
    });
  const rowMean = perRow("row_mean", (pilot, mean) => add(pilot, mean));
  const rowVariance = perRow("row_variance", (_, mean, squares) =>
    call("max", sub(squares, square(mean)), literal(0)),
  );
  const ofRows = (
    name: string,
    make: (at: readonly Index[], over: Axis, first: readonly Index[]) => Expr,
  ): OpNode =>
    detached(
      perChannel(layer, name, (c, { axis }) => {
        const row = axis("r", rows);
        return make([axisIndex(row), ...c], row, [constant(0), ...c]);
      }),
    );
  const mean = ofRows("mean", (at, row, first) => {
    const start = load(rowMean, first);
    return add(start, meanOf([row], sub(load(rowMean, at), start)));
  });
  const variance = ofRows("variance", (at, row, [, ...c]) =>
    meanOf([row], add(load(rowVariance, at), square(sub(load(rowMean, at), load(mean, c))))),
  );
  return { mean, variance };
}

/**
 * y = (x − μ)·s + β, with s = γ·r and r = 1/√(σ² + ε). With g = ∂L/∂y and t = Σ g·(x − μ):
 * dβ = Σ g,  ds = t (so dγ = r·t),  dx = s·(g − (dβ + (x − μ)·r²·t)/n) over the n elements of a channel, which holds what
 * μ and r depend on x by (Ioffe & Szegedy 2015, section 3).
 */
const normalised: OpDef = {
  name: "batchNorm",
  arity: 5,
  options: noOptions("batchNorm"),
  infer: (_, inputs) => must(inputs[0], "operand"),
  define(_, { at, inputs: [x, mean, scale, beta] }) {
    if (!x || !mean || !scale || !beta) return fail("batchNorm: missing operands");
    const [place, c] = placeOf(at);
    return add(mul(sub(load(x, place), load(mean, c)), load(scale, c)), load(beta, c));
  },
  vjp(node, grad) {
    const [x, mean, scale, beta, inverse] = node.inputs;
    if (!x || !mean || !scale || !beta || !inverse) return fail(`${node.op.name}: missing operands`);
    const sum = (of: Node, body: (place: readonly Index[], c: readonly Index[]) => Expr): Node =>
      derivedNode(
        `${node.op.name}.grad`,
        of.type,
        gradientOrigin(node, of, `grad.${of.origin.name}`),
        (context) => {
          const c = context.at.map(axisIndex);
          const { axes, at } = besides(x, context);
          return reduce("sum", axes, body(at(must(c[0], "channel")), c));
        },
      );
    const shift = sum(beta, (place) => load(grad, place));
    const slope = sum(scale, (place, c) => mul(load(grad, place), sub(load(x, place), load(mean, c))));
    const dx = derivedNode(
      `${node.op.name}.grad`,
      x.type,
      gradientOrigin(node, x, `grad.${x.origin.name}`),
      (context) => {
        const [place, c] = placeOf(context.at);
        const steep = mul(square(load(inverse, c)), load(slope, c));
        const common = add(load(shift, c), mul(sub(load(x, place), load(mean, c)), steep));
        return mul(load(scale, c), sub(load(grad, place), div(common, countOf(besidesOf(x, context)))));
      },
    );
    return [dx, undefined, slope, shift, undefined];
  },
  summary: () => ({ options: "", formula: "" }),
};

/** The position of an element of [N, C, …], and that of its channel's numbers. */
function placeOf(at: readonly Axis[]): readonly [place: readonly Index[], c: readonly Index[]] {
  return [at.map(axisIndex), [axisIndex(must(at[1], "channel"))]];
}
