/** The steps of a random model: each reads the shape it is given and appends valid lines. */
import type { Draft } from "./draft.ts";
import { real, small } from "./numbers.ts";
import { cut, hasNumber, lookup, together, turn } from "./placeSteps.ts";
import { byElement, byRow, readsByRow } from "./scatterSteps.ts";
import { einsum, isSequence, recurrent, table } from "./sequenceSteps.ts";
import { aside, many, own, repeat, withPrepared } from "./sharing.ts";
import type { Dim, Value } from "./spec.ts";
import {
  adaptivePool,
  avgPool,
  conv,
  convTranspose,
  divisors,
  globalPool,
  lpPool,
  maxPool,
  rankOf,
  resize,
  size,
} from "./windowSteps.ts";

export interface Step {
  readonly name: string;
  /** How often it is drawn, relative to the others. */
  readonly weight: number;
  applies(shape: readonly Dim[], draft: Draft): boolean;
  /** Appends lines that continue from tensor x and returns the last one's name. */
  add(draft: Draft, x: string): string;
}

/** Whether windows can slide over it: a sequence, a picture, a volume. */
const slides = (s: readonly Dim[]): boolean => rankOf(s) > 0;
/** Number of elements that belong to one example. */
const perExample = (shape: readonly Dim[]): number =>
  shape.reduce<number>((a, d) => a * (d === "N" ? 1 : d), 1);

/** Functions that are defined and tame everywhere. */
const smooth = [
  "relu",
  "sigmoid",
  "tanh",
  "relu6",
  "leakyRelu",
  "elu",
  "gelu",
  "silu",
  "hardSigmoid",
  "hardSwish",
  "abs",
  "neg",
  "selu",
  "celu",
  "softplus",
  "softsign",
  "mish",
  "sin",
  "cos",
  "atan",
  "asinh",
  "erf",
] as const;

function pointwise(draft: Draft, x: string): string {
  const { dice } = draft;
  const bounded = (low: number, high: number): string =>
    draft.line("clip", [x], { min: real(dice, low, -0.2), max: real(dice, 0.2, high) });
  const positive = (): string => draft.line("add", [draft.line("abs", [x]), real(dice, 0.3, 1)]);
  switch (dice.roll(17)) {
    case 14:
      // What jumps stands where its operand is 0, so that rounding moves nothing.
      return draft.line("mul", [
        draft.line(dice.pick(["sign", "floor", "not"]), [draft.line("clip", [x], { min: 0, max: 0.9 })]),
        x,
      ]);
    case 15:
      return draft.line(dice.pick(["asin", "acos", "atanh", "sinh", "cosh", "tan"]), [bounded(-0.9, 0.9)]);
    case 16:
      return draft.line(dice.pick(["reciprocal", "acosh"]), [
        draft.line("add", [draft.line("abs", [x]), 1.1]),
      ]);
    case 8:
      return draft.line("exp", [bounded(-4, 3)]);
    case 9:
      return draft.line("log", [positive()]);
    case 10:
      return draft.line("sqrt", [draft.line("add", [draft.line("abs", [x]), real(dice, 0.01, 1)])]);
    case 11:
      return draft.line("pow", [bounded(-3, 3), dice.pick([2, 3, 1, 0])]);
    case 12:
      return draft.line("pow", [positive(), real(dice, -1, 2)]);
    case 13:
      return bounded(-2, 2);
    case 7:
      return draft.line("dropout", [x], { p: real(dice, 0, 0.9) });
    default: {
      const op = dice.pick(smooth);
      if (op === "leakyRelu" && !dice.rarely(4)) return draft.line(op, [x], { slope: real(dice, 0, 1) });
      if (op === "elu" && !dice.rarely(4)) return draft.line(op, [x], { alpha: real(dice, 0.1, 2) });
      return draft.line(op, [x]);
    }
  }
}

/** The second operand of an arithmetic op: a number, an earlier tensor, or a parameter that broadcasts. */
function partner(draft: Draft, x: string): string | number {
  const { dice } = draft;
  const shape = draft.shape(x);
  const kind = dice.roll(4);
  if (kind === 0) return real(dice, -2, 2);
  const known = [...draft.tensors(), ...draft.fixed()];
  const equal = known.filter((t) => t !== x && draft.shape(t).join() === shape.join());
  if (kind === 1 && equal.length > 0) return dice.pick(equal);
  if (kind === 2) {
    // The same tensor along one axis: a broadcast of a computed value.
    const axes = shape.flatMap((d, i) => (d === "N" ? [] : [i]));
    if (axes.length > 0)
      return draft.line(dice.pick(["mean", "max", "sum"]), [x], { axis: dice.pick(axes), keepDims: true });
  }
  const inner = shape.filter((d): d is number => d !== "N");
  const kept = inner.slice(dice.roll(inner.length + 1)).map((d) => (dice.rarely(3) ? 1 : d));
  return dice.rarely(3) ? table(draft, kept) : draft.param(kept);
}

function arithmetic(draft: Draft, x: string): string {
  const other = partner(draft, x);
  switch (draft.dice.roll(9)) {
    case 8: {
      // Where both are equal it does not matter which one is taken.
      const least = draft.line(draft.dice.pick(["less", "lessOrEqual"]), [x, other]);
      return draft.line("where", [least, x, other]);
    }
    case 7:
      return draft.line("prelu", [x, other]);
    case 6: {
      // Quotients by numbers of at least a half.
      const safe =
        typeof other === "number"
          ? real(draft.dice, 0.5, 3)
          : draft.line("add", [draft.line("abs", [other]), 0.5]);
      return draft.line("div", [x, safe]);
    }
    case 5:
      return draft.line("sub", [other, x]);
    default:
      return draft.line(draft.dice.pick(["add", "mul", "sub", "max", "min"]), [x, other]);
  }
}

function concat(draft: Draft, x: string): string {
  const { dice } = draft;
  const shape = draft.shape(x);
  const axes = shape.flatMap((d, i) => (d === "N" || i === 0 ? [] : [i]));
  const axis = dice.pick(axes);
  const fits = draft.tensors().filter((t) => {
    const other = draft.shape(t);
    return other.length === shape.length && other.every((d, i) => i === axis || d === shape[i]);
  });
  const list = Array.from({ length: dice.between(1, 2) }, () => dice.pick([x, ...fits.toReversed()]));
  const options = axis === 1 ? {} : { axis };
  return draft.line("concat", [dice.rarely(2) ? [...list, x] : [x, ...list]], options);
}

function reduction(draft: Draft, x: string): string {
  const { dice } = draft;
  const shape = draft.shape(x);
  const axes = shape.flatMap((_, i) => (i === 0 ? [] : [i]));
  const first = dice.pick(axes);
  const second = dice.pick(axes);
  const axis: Value =
    dice.rarely(3) && first !== second ? [first, second] : dice.rarely(3) ? first - shape.length : first;
  if (dice.rarely(3)) return found(draft, x, first);
  const fold = dice.pick(["mean", "sum", "max", "min", "logSumExp", "prod", "l1", "l2", "sumSquare"]);
  // Products of so many stay in range.
  const terms = fold === "prod" ? draft.line("clip", [x], { min: -1.1, max: 1.1 }) : x;
  return draft.line(fold, [terms], {
    axis,
    ...(dice.rarely(2) ? { keepDims: true } : {}),
  });
}

/** What stands where along an axis: results that move little where elements do. */
function found(draft: Draft, x: string, axis: number): string {
  const { dice } = draft;
  const n = size(draft.shape(x), axis);
  switch (dice.roll(3)) {
    case 0:
      return draft.line("cumsum", [x], { axis, exclusive: dice.rarely(2), reverse: dice.rarely(2) });
    case 1: {
      const place = draft.line(dice.pick(["argmax", "argmin"]), [x], { axis, keepDims: true });
      return draft.line("gatherElements", [x, place], { axis });
    }
    default:
      return draft.line(
        "topK",
        [x],
        { count: dice.between(1, Math.min(n, 4)), axis, largest: dice.rarely(2) },
        0,
      );
  }
}

function reshape(draft: Draft, x: string): string {
  const { dice } = draft;
  const shape = draft.shape(x);
  const lead: Dim[] = shape[0] === "N" ? ["N"] : [];
  let rest = perExample(shape);
  const sizes: number[] = [];
  for (let i = dice.between(0, 2); i > 0; i--) {
    const d = dice.pick(divisors(rest));
    sizes.push(d);
    rest /= d;
  }
  const sized = [...lead, ...sizes, dice.rarely(3) ? -1 : rest];
  return draft.line("reshape", [x], sized);
}

function transpose(draft: Draft, x: string): string {
  const shape = draft.shape(x);
  const fixed = shape[0] === "N" ? 1 : 0;
  const left = shape.map((_, i) => i).slice(fixed);
  const order = Array.from({ length: fixed }, (_, i) => i);
  while (left.length > 0) order.push(...left.splice(draft.dice.roll(left.length), 1));
  return draft.line("transpose", [x], order);
}

function matmul(draft: Draft, x: string): string {
  const { dice } = draft;
  const shape = draft.shape(x);
  const inner = size(shape, -1);
  if (shape.length >= 3 && dice.rarely(3)) return draft.line("matmul", [x, draft.line("transpose", [x])]);
  const lead = dice.rarely(4) && shape.length >= 3 ? [size(shape, -3)] : [];
  return draft.line("matmul", [x, draft.param([...lead, inner, dice.between(1, 7)])]);
}

function pad(draft: Draft, x: string): string {
  const { dice } = draft;
  const sides = [dice.roll(3), dice.roll(3), dice.roll(2), dice.roll(3)];
  return draft.line("pad", [x], {
    padding: dice.rarely(2) ? 1 : sides,
    ...(dice.rarely(2) ? { value: real(dice, -2, 2) } : {}),
  });
}

function along(draft: Draft, x: string): string {
  const { dice } = draft;
  const shape = draft.shape(x);
  const axis = dice.rarely(3) ? dice.between(1, shape.length - 1) : -1;
  return draft.line(dice.pick(["softmax", "logSoftmax"]), [x], axis === -1 ? undefined : { axis });
}

const eps = (draft: Draft): Record<string, Value> => (draft.dice.rarely(2) ? { eps: small(draft.dice) } : {});

function batchNorm(draft: Draft, x: string): string {
  return draft.line(`batchNorm${rankOf(draft.shape(x))}d`, [x], eps(draft));
}

/** Of groups of channels, or of each; and by the channels beside one. */
function channelNorm(draft: Draft, x: string): string {
  const { dice } = draft;
  const channels = size(draft.shape(x), 1);
  switch (dice.roll(3)) {
    case 0:
      return draft.line("instanceNorm", [x], eps(draft));
    case 1:
      return draft.line("groupNorm", [x], { groups: dice.pick(divisors(channels)), ...eps(draft) });
    default:
      // onnxruntime slides its sum of squares, and what is left of large ones may be negative.
      return draft.line("localResponseNorm", [draft.line("clip", [x], { min: -10, max: 10 })], {
        size: dice.pick([3, 1, 5, 2]),
        alpha: real(dice, 0.1, 1),
        ...(dice.rarely(3) ? { beta: real(dice, 0.2, 1), k: real(dice, 0.5, 2) } : {}),
      });
  }
}

function layerNorm(draft: Draft, x: string): string {
  const dims = draft.shape(x).length > 2 && draft.dice.rarely(3) ? { dims: 2 } : {};
  return draft.line(draft.dice.rarely(3) ? "rmsNorm" : "layerNorm", [x], { ...dims, ...eps(draft) });
}

const inner = (least: number) => (s: readonly Dim[]) =>
  s.length >= least && s.slice(-2).every((d) => d !== "N");
const features = (s: readonly Dim[]): boolean => s.length >= 2;

export const steps: readonly Step[] = [
  { name: "pointwise", weight: 6, applies: () => true, add: pointwise },
  { name: "conv", weight: 6, applies: slides, add: conv },
  { name: "convTranspose", weight: 2, applies: slides, add: convTranspose },
  { name: "resize", weight: 2, applies: slides, add: resize },
  { name: "avgPool", weight: 3, applies: slides, add: avgPool },
  { name: "maxPool", weight: 3, applies: slides, add: maxPool },
  { name: "arithmetic", weight: 4, applies: (s) => s.length > 0, add: arithmetic },
  { name: "batchNorm", weight: 2, applies: slides, add: batchNorm },
  {
    name: "channelNorm",
    weight: 2,
    applies: (s) => slides(s) && perExample(s.slice(2)) > 1,
    add: channelNorm,
  },
  { name: "recurrent", weight: 2, applies: (s, d) => isSequence(s, d.open ? 1 : 2), add: recurrent },
  { name: "einsum", weight: 1, applies: features, add: einsum },
  {
    name: "linear",
    weight: 3,
    applies: features,
    add: (d, x) =>
      d.line("linear", [x], { out: d.dice.between(1, 11), ...(d.dice.rarely(4) ? { bias: false } : {}) }),
  },
  { name: "flatten", weight: 2, applies: (s) => s.length > 2, add: (d, x) => d.line("flatten", [x]) },
  { name: "adaptivePool", weight: 1, applies: slides, add: adaptivePool },
  { name: "lpPool", weight: 1, applies: slides, add: lpPool },
  { name: "globalPool", weight: 1, applies: slides, add: globalPool },
  { name: "softmax", weight: 2, applies: features, add: along },
  {
    name: "layerNorm",
    weight: 2,
    applies: (s) => s.length >= 2 && size(s, -1) > 1,
    add: layerNorm,
  },
  { name: "concat", weight: 2, applies: features, add: concat },
  { name: "reduction", weight: 2, applies: features, add: reduction },
  { name: "reshape", weight: 2, applies: (s) => s.length > 0, add: reshape },
  { name: "transpose", weight: 2, applies: inner(3), add: transpose },
  { name: "matmul", weight: 2, applies: features, add: matmul },
  { name: "pad", weight: 1, applies: inner(3), add: pad },
  { name: "cut", weight: 3, applies: hasNumber, add: cut },
  { name: "turn", weight: 3, applies: (s) => hasNumber(s) && s.length < 6, add: turn },
  { name: "lookup", weight: 2, applies: (_, d) => d.open || d.whole().length > 0, add: lookup },
  { name: "byElement", weight: 2, applies: hasNumber, add: byElement },
  { name: "byRow", weight: 2, applies: readsByRow, add: byRow },
  { name: "together", weight: 2, applies: () => true, add: together },
  { name: "repeat", weight: 6, applies: () => true, add: repeat },
  { name: "own", weight: 3, applies: (s) => size(s, -1) > 1, add: own },
  { name: "withPrepared", weight: 4, applies: (s) => s.length > 0, add: withPrepared },
  { name: "many", weight: 1, applies: (s) => s.length > 0, add: many },
  { name: "aside", weight: 1, applies: () => true, add: aside },
];
