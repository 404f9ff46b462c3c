/** Layers as values: recipes that are applied to a tensor, alone, in a chain or around a shortcut. */
import { showShape } from "../../contract/shapes.ts";
import { UserError } from "../errors.ts";
import type { OpDef } from "../ir/graph.ts";
import { sameShape } from "../ir/type.ts";
import { ops } from "../ops/index.ts";
import { noMore } from "../options.ts";
import { apply, checkOperand, here, isOperand, located, settled } from "./build.ts";
import { type Settings, type Shared, settingsOf } from "./own.ts";
import { isTensor, type Tensor } from "./tensor.ts";
import type {
  CheckedLayers,
  IN,
  Layer,
  LayerType,
  OPTIONS,
  OptionsOf,
  OUT,
  ResidualShape,
  Run,
  RunAll,
} from "./types/layer.ts";
import type { Known, Result, Shape } from "./types/shape.ts";

/** A layer at run time: a function with a name. */
interface LayerValue {
  (x: Tensor): Tensor;
  /** What it is, for messages: `conv2d`, `sequential`. */
  readonly layer: string;
}

export function isLayer(value: unknown): value is LayerValue {
  return typeof value === "function" && "layer" in value;
}

export function makeLayer(layer: string, run: (x: Tensor) => Tensor): LayerValue {
  const call = (x: Tensor): Tensor => {
    if (isTensor(x)) return run(x);
    return located("", here(), () => {
      throw new UserError({
        problem: `${layer}: the layer is applied to something that is not a tensor`,
        rule: "a layer takes one tensor: the result of input(), param() or another layer",
      });
    });
  };
  return Object.assign(call, { layer });
}

/** An op of one operand: `conv2d(x, {…})` applies it, `conv2d({…})` is a layer with one set of parameters. */
export function unaryOp(def: OpDef, args: readonly unknown[]): unknown {
  const trace = here();
  const [first, second] = args;
  located("", trace, () => noMore(def.name, args, 2));
  if (isTensor(second)) return apply(def, () => ({ attrs: {} }), args, trace); // says how many it takes
  if (isTensor(first) || second !== undefined)
    return apply(def, () => settingsOf(def, second), [first], trace); // names what is no tensor
  const settings = settled(def, first, trace);
  const shared: Shared = {};
  return makeLayer(def.name, (x) => apply(def, () => settings, [x], trace, { shared }));
}

/** An op of two operands: `add(a, b)` applies it, `add(b)` is a layer that adds b to its input. */
export function binaryOp(def: OpDef, args: readonly unknown[]): unknown {
  const trace = here();
  const [first, second, third] = args;
  const options = args.length === 3 && !isOperand(third);
  const settings = (): Settings => settingsOf(def, options ? third : undefined);
  if (options) return apply(def, settings, [first, second], trace);
  if (args.length !== 1) return apply(def, settings, args, trace);
  located("", trace, () => checkOperand(def.name, first, 1));
  return makeLayer(def.name, (x) => apply(def, settings, [x, first], trace));
}

/** A chain of layers that is a layer itself. */
export interface Sequential<L extends readonly LayerType[]> extends Layer {
  readonly [OPTIONS]: OptionsOf<L>;
  readonly [OUT]: RunAll<L, this[typeof IN]>;
}

/**
 * Layers one after the other, as one layer:
 *
 *   const block = sequential(conv2d({ out: 64, kernel: 3, padding: 1 }), batchNorm2d(), relu());
 *   const y = block(x);
 */
export function sequential<const L extends readonly LayerType[]>(...layers: L): Sequential<L> {
  const trace = here();
  const checked = layers.map((layer, i) => needsLayer("sequential", layer, i, trace));
  const run = (x: Tensor): Tensor => checked.reduce((value, layer) => layer(value), x);
  return makeLayer("sequential", run) as unknown as Sequential<L>; // the type-level half exists only for the checker
}

/** A body whose result is added to its input, or to what the shortcut makes of it. */
export interface Residual<F extends LayerType, G extends LayerType> extends Layer {
  readonly [OPTIONS]: OptionsOf<[F, G]>;
  readonly [OUT]: ResidualShape<Run<F, this[typeof IN]>, Run<G, this[typeof IN]>>;
}

/** A layer that returns its input. */
export interface Identity extends Layer {
  readonly [OPTIONS]: [];
  readonly [OUT]: this[typeof IN];
}

/**
 * y = body(x) + shortcut(x), or body(x) + x (He et al. 2015). Both end in the same shape. Throws `UserError`
 * where they do not, at the time the layer is applied.
 */
export function residual<F extends LayerType, G extends LayerType = Identity>(
  body: F,
  shortcut?: G,
): Residual<F, G>;
export function residual(...args: readonly unknown[]): unknown {
  const trace = here();
  const [body, shortcut] = args;
  located("", trace, () => noMore("residual", args, 2));
  const main = needsLayer("residual", body, 0, trace);
  const side = shortcut === undefined ? (x: Tensor) => x : needsLayer("residual", shortcut, 1, trace);
  const run = (x: Tensor): Tensor => {
    const [a, b] = [main(x), side(x)];
    located("", trace, () => checkSame(a, b));
    return apply(ops.add, () => settingsOf(ops.add, undefined), [a, b], trace);
  };
  return makeLayer("residual", run);
}

function checkSame(a: Tensor, b: Tensor): void {
  const [x, y] = [a.node.type.shape, b.node.type.shape];
  if (sameShape(x, y)) return;
  throw new UserError({
    problem: `residual cannot add its body's ${showShape(x)} to its shortcut's ${showShape(y)}`,
    rule: "the body and the shortcut end in the same shape",
    fix: "a shortcut that changes the shape as the body does: residual(body, conv2d({ out, kernel: 1, stride }))",
  });
}

function needsLayer(where: string, value: unknown, position: number, trace: string): LayerValue {
  if (isLayer(value)) return value;
  const given = isTensor(value) ? "a tensor" : typeof value;
  const problem = `${where}: argument ${position + 1} is ${given}, not a layer`;
  return located("", trace, () => {
    throw new UserError({
      problem,
      rule: "a layer is an op without its tensor, such as relu() or conv2d({ out: 6, kernel: 5 })",
      ...(isTensor(value) ? { fix: "pipe(x, …layers) to run layers on a tensor" } : {}),
    });
  });
}

/**
 * Runs layers on a tensor, one after the other:
 *
 *   const logits = pipe(image, conv2d({ out: 6, kernel: 5 }), sigmoid(), flatten(), linear({ out: 10 }));
 *
 * A layer that does not fit is an error on that layer. Throws `UserError` where shapes do not fit.
 */
export function pipe<S extends Shape, const L extends readonly LayerType[], Z extends 1 = 1>(
  x: Tensor<S>,
  ...layers: Known<S, OptionsOf<L>, Z> extends 0 ? L : L extends CheckedLayers<L, S> ? L : CheckedLayers<L, S>
): Tensor<Result<Known<S, OptionsOf<L>, Z>, RunAll<L, S>>> {
  const trace = here();
  const steps: readonly unknown[] = layers;
  const checked = steps.map((layer, i) => needsLayer("pipe", layer, i, trace));
  return checked.reduce((value: Tensor, layer) => layer(value), x) as never; // the shape is the one computed above
}
