/** Losses, one number per example or element; training takes their mean. All are finite for logits of ±1e4. */
import { showDim, showShape } from "../../contract/shapes.ts";
import type { Loss, LossOptions } from "../../contract/training.ts";
import type { Dim, Shape, TensorType } from "../../contract/type.ts";
import { must, plural } from "../errors.ts";
import type { Axis, Expr, Index } from "../ir/expr.ts";
import type { Attrs, Node, OpDef, OpNode } from "../ir/graph.ts";
import { sameShape } from "../ir/type.ts";
import { axisIndex } from "../math/affine.ts";
import { call, equal, literal, load, loadBroadcast, position, reduce, times } from "../math/build.ts";
import { type Kind, listOf, numberThat, optional, otherwise, refined, taggedBy, takes } from "../options.ts";
import { fail, fixed, type NoOptions, noOptions, rank } from "./check.ts";
import { derivedNode, gradientOrigin } from "./derived.ts";

export type CrossEntropyOptions = LossOptions["crossEntropy"];
export interface CrossEntropyAttrs extends Attrs {
  readonly weight: readonly number[] | null;
  readonly labelSmoothing: number;
  readonly ignoreIndex: number | null;
}

const counted = numberThat("a finite number of at least 0", 1, (w) => w >= 0 && Number.isFinite(w));
const weights = refined(listOf(counted), (list, fail) =>
  list.some((w) => w > 0) ? list : fail("a number for each class, at least one of them above 0"),
);
const share = numberThat("a number from 0 to 1", 0.1, (x) => x >= 0 && x <= 1);
/** Every label up to here is an f32 of its own. */
const LABELS = 2 ** 24;
const ignored = numberThat(
  `a whole number from ${-LABELS} to ${LABELS}`,
  255,
  (x) => Number.isInteger(x) && Math.abs(x) <= LABELS,
);
const crossEntropyFields = {
  weight: optional(weights),
  labelSmoothing: otherwise(share, 0),
  ignoreIndex: optional(ignored),
};
const readCrossEntropy = takes("crossEntropy", crossEntropyFields);

/**
 * −Σ_c q_c · log softmax(x)_c with q_c = ((1 − ε)·[c = label] + ε/C)·w_c, computed as Q·log Σ e^(x − m) − Σ q·(x − m) with m = max x
 * and Q = Σ q: logits [N, C] or, of each place, [N, C, …], and labels [N, …] (class numbers) → [N, …]. The terms of PyTorch's
 * CrossEntropyLoss(weight=w, label_smoothing=ε, ignore_index=i): 0 where the label is i.
 */
const crossEntropy: OpDef<CrossEntropyAttrs, CrossEntropyOptions | undefined> = {
  name: "crossEntropy",
  arity: 2,
  options(given) {
    const { weight = null, ignoreIndex = null, labelSmoothing } = readCrossEntropy(given);
    return { weight, labelSmoothing, ignoreIndex };
  },
  where: ({ ignoreIndex }, inputs) => ({
    operand: 1,
    below: classesOf(must(inputs[0], "logits")),
    ...(ignoreIndex !== null && { except: ignoreIndex }),
  }),
  params: ({ weight }) =>
    weight
      ? [{ role: "weight", shape: [weight.length], init: { kind: "data", values: weight }, use: "constant" }]
      : [],
  infer({ weight, ignoreIndex }, inputs) {
    const [logits, labels] = [must(inputs[0], "logits"), must(inputs[1], "labels")];
    if (logits.shape.length < 2) rank("crossEntropy", logits, 2, "[N, classes]");
    fixed("crossEntropy", logits.shape[1], "the number of classes");
    const wanted = labelsOf(logits.shape);
    if (labels.dtype === "f32")
      fail(
        `crossEntropy takes the numbers of classes, but labels ${showShape(labels.shape)} are f32`,
        "labels are whole numbers from 0",
        `input("label", ${showShape(wanted)}, { dtype: "u32" })`,
      );
    if (!sameShape(labels.shape, wanted)) {
      fail(
        `crossEntropy takes a label per example${wanted.length > 1 ? " and place" : ""}, but logits are ${showShape(logits.shape)} and labels ${showShape(labels.shape)}`,
        `labels are ${showShape(wanted)}`,
      );
    }
    if (labels.dtype === "u32" && ignoreIndex !== null && ignoreIndex < 0)
      fail(
        `crossEntropy: ignoreIndex is ${ignoreIndex}, but labels ${showShape(labels.shape)} are u32`,
        "numbers of u32 are 0 or more",
        `input("label", ${showShape(wanted)}, { dtype: "i32" })`,
      );
    if (weight && weight.length !== logits.shape[1])
      fail(
        `crossEntropy: weight has ${weight.length} ${plural(weight.length, "number")}, but logits are ${showShape(logits.shape)}`,
        `weight has a number for each class: ${showDim(classesOf(logits))}`,
      );
    return { dtype: "f32", shape: labels.shape };
  },
  define(attrs, { at, inputs, axis }) {
    const parts = partsOf(attrs, inputs, at, axis);
    const { logits, shifted, total, share } = parts;
    const j = axis("j", must(logits.type.shape[1], "classes"));
    const picked = reduce("sum", [j], times(share(j), shifted(j)));
    return parts.counted(call("sub", times(parts.all, call("log", total)), picked));
  },
  vjp({ inputs, attrs, ...node }: OpNode, grad: Node) {
    const logits = must(inputs[0], "logits");
    // (softmax(x)·Q − q) · g
    const gradient = derivedNode(
      "crossEntropy.grad",
      logits.type,
      gradientOrigin({ inputs, attrs, ...node }, logits),
      ({ at, axis }) => {
        const [n, j, ...rest] = at;
        const place = [must(n, "example"), ...rest];
        const own = must(j, "class");
        // As `define` was given them: attributes are what `options` made.
        const { shifted, total, share, all, counted } = partsOf(
          attrs as CrossEntropyAttrs,
          inputs,
          place,
          axis,
        );
        const error = call("sub", times(all, call("div", call("exp", shifted(own)), total)), share(own));
        return counted(times(error, load(grad, place.map(axisIndex))));
      },
    );
    return [gradient, ...inputs.slice(1).map(() => undefined)];
  },
  summary: ({ weight, labelSmoothing, ignoreIndex }, inputs) => {
    const classes = Number(inputs[0]?.shape[1]);
    const more = [
      weight && "weighted",
      labelSmoothing > 0 && `smoothing ${labelSmoothing}`,
      ignoreIndex !== null && `ignoring ${ignoreIndex}`,
    ].filter(Boolean);
    return {
      options: [`${classes} ${plural(classes, "class", "classes")}`, ...more].join(", "),
      formula: "",
    };
  },
};

const classesOf = ({ shape }: TensorType): Dim => must(shape[1], "classes");

/** The shape of the labels of scores [N, classes, …]: [N, …]. */
export const labelsOf = ([batch, , ...rest]: Shape): Shape => [must(batch, "batch"), ...rest];

/** Of scores [N, classes, …] the one of class j at [N, …]. */
export function scoreAt(logits: Node, [n, ...rest]: readonly Axis[], j: Axis): Expr {
  return load(logits, [must(n, "example"), j, ...rest].map(axisIndex));
}

type NewAxis = (name: string, extent: Axis["extent"]) => Axis;

/** What cross-entropy and its gradient are made of, at a place of the labels. */
interface Parts {
  readonly logits: Node;
  /** x[n, j, …] − max. */
  readonly shifted: (j: Axis) => Expr;
  /** Σ of its exponentials. */
  readonly total: Expr;
  /** q_j, and Q, their sum. */
  readonly share: (j: Axis) => Expr;
  readonly all: Expr;
  /** A value that is 0 where the label does not count. */
  readonly counted: (value: Expr) => Expr;
}

function partsOf(
  { labelSmoothing, ignoreIndex }: CrossEntropyAttrs,
  inputs: readonly Node[],
  place: readonly Axis[],
  axis: NewAxis,
): Parts {
  const [logits, labels, weight] = [must(inputs[0], "logits"), must(inputs[1], "labels"), inputs[2]];
  const classes = classesOf(logits.type);
  const at = (j: Axis): Expr => scoreAt(logits, place, j);
  const i = axis("i", classes);
  const largest = reduce("max", [i], at(i));
  const shifted = (j: Axis): Expr => call("sub", at(j), largest);
  const sum = (name: string, of: (j: Axis) => Expr): Expr => {
    const j = axis(name, classes);
    return reduce("sum", [j], of(j));
  };
  const share = (j: Axis): Expr => {
    const is = isLabel(labels, place, j);
    const smooth =
      labelSmoothing > 0
        ? call("add", times(literal(1 - labelSmoothing), is), literal(labelSmoothing / Number(classes)))
        : is;
    return weight ? times(smooth, load(weight, [axisIndex(j)])) : smooth;
  };
  return {
    logits,
    shifted,
    total: sum("k", (k) => call("exp", shifted(k))),
    share,
    all: weight ? sum("l", share) : literal(1),
    counted: (value) =>
      ignoreIndex === null
        ? value
        : call("select", isIgnored(labels, place.map(axisIndex), ignoreIndex), literal(0), value),
  };
}

/** 1 where the label is the number that does not count. */
export const isIgnored = (labels: Node, place: readonly Index[], ignoreIndex: number): Expr =>
  equal(load(labels, place), literal(ignoreIndex));

function isLabel(labels: Node, place: readonly Axis[], j: Axis): Expr {
  return equal(position(axisIndex(j)), load(labels, place.map(axisIndex)));
}

/** A number compared with a target: the term, and its slopes by both. */
interface Comparison {
  readonly term: (x: Expr, target: Expr) => Expr;
  readonly slope: (x: Expr, target: Expr) => Expr;
  /** Absent: what counts is how far they are apart, so it is the other one's, negative. */
  readonly targetSlope?: (x: Expr, target: Expr) => Expr;
}

function elementwise<A extends Attrs, O>(
  name: string,
  options: (given: O) => A,
  compare: (attrs: A) => Comparison,
): OpDef<A, O> {
  return {
    name,
    arity: 2,
    options,
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
    define: (attrs, { at, inputs }) =>
      compare(attrs).term(
        loadBroadcast(must(inputs[0], "prediction"), at),
        loadBroadcast(must(inputs[1], "target"), at),
      ),
    vjp(node: OpNode, grad: Node) {
      const { slope, targetSlope = (x, t) => call("neg", slope(x, t)) } = compare(node.attrs as A); // what `options` made
      return [slope, targetSlope].map((by, i) => {
        const operand = must(node.inputs[i], "operand");
        return derivedNode(`${name}.grad`, operand.type, gradientOrigin(node, operand), ({ at }) => {
          const [x, target] = node.inputs.map((read) => loadBroadcast(read, at));
          return times(by(must(x, "prediction"), must(target, "target")), loadBroadcast(grad, at));
        });
      });
    },
    summary: (attrs) => ({
      options: Object.entries(attrs)
        .map(([key, value]) => `${key} ${value}`)
        .join(", "),
      formula: "",
    }),
  };
}

const plain = (name: string, comparison: Comparison): OpDef<NoOptions, unknown> =>
  elementwise(name, noOptions(name), () => comparison);

const difference = (x: Expr, target: Expr): Expr => call("sub", x, target);

/** (x − t)² */
const squaredError = plain("squaredError", {
  term: (x, target) => {
    const d = difference(x, target);
    return call("mul", d, d);
  },
  slope: (x, target) => call("mul", literal(2), difference(x, target)),
});

/** |x − t|, of slope 0 where they are equal. */
const absoluteError = plain("absoluteError", {
  term: (x, target) => call("abs", difference(x, target)),
  slope: (x, target) => call("sub", call("less", target, x), call("less", x, target)),
});

const huberFields = {
  delta: otherwise(
    numberThat("a number above 0", 1, (d) => d > 0 && Number.isFinite(Math.fround(d))),
    1,
  ),
};

/** d²/2 up to |d| = δ, beyond it δ·(|d| − δ/2) (Huber 1964); with a = min(|d|, δ) both are a·(|d| − a/2). */
const huber = elementwise("huber", takes("huber", huberFields), ({ delta }) => ({
  term: (x, target) => {
    const size = call("abs", difference(x, target));
    const within = call("min", size, literal(delta));
    return times(within, call("sub", size, call("mul", literal(0.5), within)));
  },
  slope: (x, target) => call("max", call("min", difference(x, target), literal(delta)), literal(-delta)),
}));

/**
 * max(x, 0) − x·t + log(1 + e^(−|x|)): binary cross-entropy of σ(x) with t in 0 … 1. Its slope is σ(x) − t, also at
 * x = 0, where the terms have kinks that cancel.
 */
const binaryCrossEntropy = plain("binaryCrossEntropy", {
  term: (x, target) => {
    const linear = call("sub", call("max", x, literal(0)), call("mul", x, target));
    const small = call("log", call("add", literal(1), call("exp", call("neg", call("abs", x)))));
    return call("add", linear, small);
  },
  slope: (x, target) => call("sub", call("sigmoid", x), target),
  targetSlope: (x) => call("neg", x),
});

export const losses = { crossEntropy, binaryCrossEntropy, squaredError, absoluteError, huber };

/** A loss as data. */
export const lossKinds: Kind<Loss> = taggedBy(
  {
    crossEntropy: crossEntropyFields,
    binaryCrossEntropy: {},
    squaredError: {},
    absoluteError: {},
    huber: huberFields,
  },
  '{ kind: "crossEntropy" }',
) as Kind<Loss>; // as each of them reads its own
