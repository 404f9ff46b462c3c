/** Losses, one number per example or element; training takes their mean. All are finite for logits of ±1e4. */
import { showShape } from "../../contract/shapes.ts";
import type { Shape } from "../../contract/type.ts";
import { must, plural } from "../errors.ts";
import type { Axis, Expr } from "../ir/expr.ts";
import type { Node, OpDef, OpNode } from "../ir/graph.ts";
import { sameShape } from "../ir/type.ts";
import { axisIndex } from "../math/affine.ts";
import { call, equal, literal, load, loadBroadcast, position, reduce, times } from "../math/build.ts";
import { fail, fixed, type NoOptions, noOptions, rank } from "./check.ts";
import { derivedNode, gradientOrigin } from "./derived.ts";

/**
 * log Σ e^(x − m) − (x[label] − m) with m = max x: logits [N, C] or, of each place, [N, C, …], and labels [N, …] (class numbers)
 * → [N, …].
 */
const crossEntropy: OpDef<NoOptions, unknown> = {
  name: "crossEntropy",
  arity: 2,
  options: noOptions("crossEntropy"),
  infer(_, inputs) {
    const [logits, labels] = [must(inputs[0], "logits"), must(inputs[1], "labels")];
    if (logits.shape.length < 2) rank("crossEntropy", logits, 2, "[N, classes]");
    fixed("crossEntropy", logits.shape[1], "the number of classes");
    const wanted = labelsOf(logits.shape);
    if (!sameShape(labels.shape, wanted)) {
      fail(
        `crossEntropy takes a label per example${wanted.length > 1 ? " and place" : ""}, but logits are ${showShape(logits.shape)} and labels ${showShape(labels.shape)}`,
        `labels are ${showShape(wanted)}`,
      );
    }
    return { dtype: "f32", shape: labels.shape };
  },
  define(_, { at, inputs, axis }) {
    const [logits, labels] = [must(inputs[0], "logits"), must(inputs[1], "labels")];
    const { shifted, total } = softmaxParts(logits, at, axis);
    const j = axis("j", must(logits.type.shape[1], "classes"));
    const picked = reduce("sum", [j], times(isLabel(labels, at, j), shifted(j)));
    return call("sub", call("log", total), picked);
  },
  vjp(node: OpNode, grad: Node) {
    const [logits, labels] = [must(node.inputs[0], "logits"), must(node.inputs[1], "labels")];
    // (softmax(x) − onehot(label)) · g
    const gradient = derivedNode(
      "crossEntropy.grad",
      logits.type,
      gradientOrigin(node, logits),
      ({ at, axis }) => {
        const [n, j, ...rest] = at;
        const place = [must(n, "example"), ...rest];
        const { shifted, total } = softmaxParts(logits, place, axis);
        const own = must(j, "class");
        const error = call("sub", call("div", call("exp", shifted(own)), total), isLabel(labels, place, own));
        return times(error, load(grad, place.map(axisIndex)));
      },
    );
    return [gradient, undefined];
  },
  summary: (_, inputs) => ({
    options: `${inputs[0]?.shape[1]} ${plural(Number(inputs[0]?.shape[1]), "class", "classes")}`,
    formula: "",
  }),
};

/** The shape of the labels of scores [N, classes, …]: [N, …]. */
export const labelsOf = ([batch, , ...rest]: Shape): Shape => [must(batch, "batch"), ...rest];

/** Of scores [N, classes, …] the one of class j at [N, …]. */
export function scoreAt(logits: Node, [n, ...rest]: readonly Axis[], j: Axis): Expr {
  return load(logits, [must(n, "example"), j, ...rest].map(axisIndex));
}

/** x[n, j, …] − max, and Σ of its exponentials. */
function softmaxParts(
  logits: Node,
  place: readonly Axis[],
  axis: (name: string, extent: Axis["extent"]) => Axis,
): { readonly shifted: (j: Axis) => Expr; readonly total: Expr } {
  const classes = must(logits.type.shape[1], "classes");
  const [i, k] = [axis("i", classes), axis("k", classes)];
  const at = (j: Axis): Expr => scoreAt(logits, place, j);
  const largest = reduce("max", [i], at(i));
  const shifted = (j: Axis): Expr => call("sub", at(j), largest);
  return { shifted, total: reduce("sum", [k], call("exp", shifted(k))) };
}

function isLabel(labels: Node, place: readonly Axis[], j: Axis): Expr {
  return equal(position(axisIndex(j)), load(labels, place.map(axisIndex)));
}

function elementwise(
  name: string,
  value: (x: Expr, target: Expr) => Expr,
  slope: (x: Expr, target: Expr) => Expr,
): OpDef<NoOptions, unknown> {
  return {
    name,
    arity: 2,
    options: noOptions(name),
    infer(_, inputs) {
      const [x, target] = [must(inputs[0], "prediction"), must(inputs[1], "target")];
      if (!sameShape(x.shape, target.shape)) {
        fail(
          `${name} compares ${showShape(x.shape)} with ${showShape(target.shape)}`,
          "both have the same shape",
        );
      }
      return x;
    },
    define: (_, { at, inputs }) =>
      value(loadBroadcast(must(inputs[0], "prediction"), at), loadBroadcast(must(inputs[1], "target"), at)),
    vjp(node: OpNode, grad: Node) {
      const [x, target] = [must(node.inputs[0], "prediction"), must(node.inputs[1], "target")];
      const gradient = derivedNode(`${name}.grad`, x.type, gradientOrigin(node, x), ({ at }) =>
        times(slope(loadBroadcast(x, at), loadBroadcast(target, at)), loadBroadcast(grad, at)),
      );
      return [gradient, undefined];
    },
    summary: () => ({ options: "", formula: "" }),
  };
}

/** (x − t)² */
const squaredError = elementwise(
  "squaredError",
  (x, target) => {
    const d = call("sub", x, target);
    return call("mul", d, d);
  },
  (x, target) => call("mul", literal(2), call("sub", x, target)),
);

/**
 * max(x, 0) − x·t + log(1 + e^(−|x|)): binary cross-entropy of σ(x) with t in 0 … 1. Its slope is σ(x) − t, also at
 * x = 0, where the terms have kinks that cancel.
 */
const binaryCrossEntropy = elementwise(
  "binaryCrossEntropy",
  (x, target) => {
    const linear = call("sub", call("max", x, literal(0)), call("mul", x, target));
    return call(
      "add",
      linear,
      call("log", call("add", literal(1), call("exp", call("neg", call("abs", x))))),
    );
  },
  (x, target) => call("sub", call("sigmoid", x), target),
);

export const losses = { crossEntropy, squaredError, binaryCrossEntropy };
