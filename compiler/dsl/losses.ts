/** Losses: as ops of the language, and what `model` and `compileTraining` are told to train with. */
import type { Loss, LossName, LossOptions } from "../../contract/training.ts";
import { UserError } from "../errors.ts";
import type { LossRequest, OpDef, Output } from "../ir/graph.ts";
import { losses, lossKinds } from "../ops/loss.ts";
import { type Kind, listOf, noMore, numberThat, objectOf, oneOf, optional, show, text } from "../options.ts";
import { apply, here, located, startNames } from "./build.ts";
import { settingsOf } from "./own.ts";
import { isTensor, type Tensor, tensorOf } from "./tensor.ts";
import type { Dim, Known, Result, Shape } from "./types/shape.ts";

/** A loss op: its terms, one for each label or number, of which training takes the mean. */
function terms(def: OpDef, args: readonly unknown[], most: number): unknown {
  const trace = here();
  const [x, target, options] = args;
  located("", trace, () => noMore(def.name, args, most));
  return apply(def, () => settingsOf(def, options), [x, target], trace);
}

/** The shape of the labels of scores [N, classes, …]. */
type LabelShape<S extends Shape> = S extends readonly [infer B extends Dim, Dim, ...infer R extends Shape]
  ? [B, ...R]
  : Shape;

/**
 * Cross-entropy of scores `[N, classes]`, or of each place `[N, classes, …]`, with the numbers of classes, an input `[N, …]` of
 * dtype "u32" or "i32": −log softmax(x)[label], in the shape of the labels. The options and formula are those of PyTorch's
 * CrossEntropyLoss, but that a mean of these terms is not by their weights. Throws `UserError` where shapes or options do not fit.
 */
export function crossEntropy<S extends Shape, Z extends 1 = 1>(
  logits: Tensor<S>,
  labels: Tensor,
  options?: LossOptions["crossEntropy"],
): Tensor<Result<Known<S, [], Z>, LabelShape<S>>>;
export function crossEntropy(...args: readonly unknown[]): unknown {
  return terms(losses.crossEntropy, args, 3);
}

/** Compares numbers with targets of the same shape, element by element. Throws `UserError` where the shapes differ. */
export type Comparing = <S extends Shape>(x: Tensor<S>, target: Tensor) => Tensor<S>;

const comparing = (def: OpDef): Comparing => {
  const op = (...args: readonly unknown[]): unknown => terms(def, args, 2);
  return op as Comparing; // the result has the shape of the operand
};

/** Binary cross-entropy of σ(x) with targets 0 … 1: max(x, 0) − x·t + log(1 + e^(−|x|)). */
export const binaryCrossEntropy: Comparing = comparing(losses.binaryCrossEntropy);
/** (x − t)² */
export const squaredError: Comparing = comparing(losses.squaredError);
/** |x − t|, of slope 0 where they are equal. */
export const absoluteError: Comparing = comparing(losses.absoluteError);

/** d²/2 up to |d| = delta (1), beyond it delta·(|d| − delta/2), with d = x − t (Huber 1964). Throws `UserError` as the others do. */
export function huber<S extends Shape>(
  x: Tensor<S>,
  target: Tensor,
  options?: LossOptions["huber"],
): Tensor<S>;
export function huber(...args: readonly unknown[]): unknown {
  return terms(losses.huber, args, 3);
}

/**
 * A loss of one's own: from the outputs, in their order, to its terms, a number or several for each example, `[N]` or `[N, …]`,
 * whose mean is made small. What `input` gives within it is a target, or, by its name, an input of the model.
 */
export type OwnLoss = (...outputs: readonly Tensor[]) => Tensor;

/** One of several losses. */
export interface LossPart {
  /** The output that it is of. A loss of one's own is called with it alone, and with all outputs where none is named. */
  readonly output?: string;
  readonly loss: LossName | Loss | OwnLoss;
  /** In the sum of all losses, above 0. Default 1. */
  readonly weight?: number;
  /** What the data set calls its labels or targets. Default: as the output is called. */
  readonly target?: string;
  /** What its figures are called. Default: as the output is called. */
  readonly name?: string;
}

/** What a model is trained with: one loss, or several whose weighted sum is made small. */
export interface LossChoice {
  /** Of the only output, or an expression of all outputs. Default: cross-entropy with labels. */
  readonly loss?: LossName | Loss | OwnLoss;
  readonly losses?: readonly LossPart[];
}

const names = oneOf(Object.keys(losses) as LossName[]); // the record's own keys

/** A name, data, or a function of tensors. */
const loss: Kind<LossRequest["loss"]> = {
  rule: `${names.rule}, an object that has one of them as its kind, or a function of the outputs`,
  example: names.example,
  read(value, place) {
    if (typeof value === "function") return nodesOf(value as OwnLoss, here()); // which is what is called with tensors
    if (typeof value === "object" && value !== null) return lossKinds.read(value, place);
    return { kind: names.read(value, place) };
  },
};

function nodesOf(own: OwnLoss, trace: string): (outputs: readonly Output[]) => Tensor["node"] {
  return (outputs) => {
    startNames(); // the same names whenever it is called
    const made: unknown = own(...outputs.map((o) => tensorOf(o.node)));
    if (isTensor(made)) return made.node;
    return located("loss", trace, () => {
      throw new UserError({
        problem: `the loss gives ${show(made)}`,
        rule: "a loss is a function from the outputs to a tensor with a number or several for each example",
        fix: '(y) => squaredError(y, input("target", [N, 3]))',
      });
    });
  };
}

/** The two options. */
export const lossFields = {
  loss: optional(loss),
  losses: optional(
    listOf(
      objectOf({
        output: optional(text),
        loss,
        weight: optional(numberThat("a number above 0", 1, (w) => w > 0 && Number.isFinite(Math.fround(w)))),
        target: optional(text),
        name: optional(text),
      }),
    ),
  ),
};

/** What the options ask for; undefined where they ask for nothing. Throws `UserError` where both are given. */
export function lossesIn(
  of: string,
  given: {
    readonly loss?: LossRequest["loss"] | undefined;
    readonly losses?: readonly LossRequest[] | undefined;
  },
): readonly LossRequest[] | undefined {
  if (given.loss !== undefined && given.losses !== undefined)
    throw new UserError({
      problem: `${of}: there are loss and losses`,
      rule: "loss is the only one, losses are several with their weights",
      fix: "leaving out one of the two",
    });
  if (given.losses?.length === 0)
    throw new UserError({
      problem: `${of}: losses is an empty list`,
      rule: "something has to be made small",
    });
  return given.losses ?? (given.loss && [{ loss: given.loss }]);
}
