/** Recurrent layers along the steps of a sequence. */
import { UserError } from "../errors.ts";
import type { OpDef } from "../ir/graph.ts";
import type { ActivationKind } from "../ops/activation.ts";
import type { InitRequest } from "../ops/index.ts";
import { ops } from "../ops/index.ts";
import type { Gives } from "../ops/recurrent.ts";
import { noMore } from "../options.ts";
import { apply, here, located, settled } from "./build.ts";
import { makeLayer } from "./layer.ts";
import type { Settings, Shared } from "./own.ts";
import { isTensor, type Tensor } from "./tensor.ts";
import type { In, Layer, OPTIONS, OUT } from "./types/layer.ts";
import type { NeedsSteps, SequenceShape, StateShape, Way } from "./types/recurrent.ts";
import type { Checked, Known, Result, Shape } from "./types/shape.ts";

/** A function of gates or states: its name, or with other numbers than the usual ones. */
export type Activation =
  | ActivationKind
  | { readonly kind: ActivationKind; readonly alpha?: number; readonly beta?: number };

/** Options of a recurrent layer. */
export interface RecurrentOptions<H = number, D = Way> {
  /** Numbers of a state. */
  readonly hidden: H;
  /** From the first step to the last, the other way, or both, side by side. Default "forward". */
  readonly direction?: D;
  /** Whether what arrives and the state each have one. Default true. */
  readonly bias?: boolean;
  /** What arrives at gates is kept within ±clip. Default: it is any number. */
  readonly clip?: number;
  /** Of gates, then of states; for both directions one list or two in one. */
  readonly activations?: readonly Activation[];
  /** What it begins with: [N, directions, hidden]. Default 0. */
  readonly state?: Tensor;
  /** How the weights start; biases start at zero. Default Xavier uniform. */
  readonly init?: InitRequest;
}
/** Options of `lstm`. */
export interface LstmOptions<H = number, D = Way> extends RecurrentOptions<H, D> {
  /** The cells that it begins with: [N, directions, hidden]. Default 0. */
  readonly cell?: Tensor;
  /** Whether gates see the cells, by a number each (Gers & Schmidhuber 2000). Default false. */
  readonly peephole?: boolean;
  /** Whether what is forgotten is what is not taken in: f = 1 − i. Default false. */
  readonly coupled?: boolean;
}
/** Options of `gru`. */
export interface GruOptions<H = number, D = Way> extends RecurrentOptions<H, D> {
  /**
   * Whether what is reset is what the state adds, r · (h·R + b) as PyTorch and cuDNN have it, or with false the state itself,
   * (r · h)·R + b (Cho et al. 2014). Default true.
   */
  readonly resetAfter?: boolean;
}

/** A recurrent layer as a layer. */
export interface RecurrentLayer<H extends number, D> extends Layer {
  readonly [OPTIONS]: [H, D];
  readonly [OUT]: SequenceShape<In<this>, H, D>;
}

type Given<S extends Shape, H extends number, D, Z, Of> = Tensor<Result<Known<S, [H, D], Z>, Of>>;
type Sequence<S extends Shape, H extends number, D, Z> = Given<S, H, D, Z, SequenceShape<S, H, D>>;
type State<S extends Shape, H extends number, D, Z> = Given<S, H, D, Z, StateShape<S, H, D>>;

/** What is given with `states: true`; an lstm gives its cells besides. */
type Results<Cells, S extends Shape, H extends number, D, Z> = Cells extends true
  ? [sequence: Sequence<S, H, D, Z>, state: State<S, H, D, Z>, cell: State<S, H, D, Z>]
  : [sequence: Sequence<S, H, D, Z>, state: State<S, H, D, Z>];

/** A recurrent layer: applied to a tensor, and as a layer. */
export interface Recurrent<More, Cells> {
  /**
   * With `states: true` a list: the sequence, and the state behind the last step, [N, directions, hidden].
   * Throws `UserError` for more than 256 steps, and where a run decides how many there are.
   */
  <
    S extends Shape,
    const H extends number,
    const D extends Way = "forward",
    const R extends boolean = false,
    Z extends 1 = 1,
  >(
    x: Checked<Known<S, [H, D], Z>, NeedsSteps<S>, Tensor<S>>,
    options: RecurrentOptions<H, D> & More & { readonly states?: R },
  ): R extends true ? Results<Cells, S, H, D, Z> : Sequence<S, H, D, Z>;
  /** The same as a layer. It has one set of parameters, wherever it is applied. */
  <const H extends number, const D extends Way = "forward">(
    options: RecurrentOptions<H, D> & More,
  ): RecurrentLayer<H, D>;
}

/** The states among the options, in the order of operands. Throws `UserError` for a cell without a state. */
function statesIn(op: string, options: unknown): readonly Tensor[] {
  if (typeof options !== "object" || options === null) return [];
  const { state, cell } = options as { readonly state?: unknown; readonly cell?: unknown }; // any object
  if (isTensor(cell) && !isTensor(state))
    throw new UserError({
      problem: `${op} begins with a cell and no state`,
      rule: "what it begins with is a state, or a state and a cell",
      fix: "state: a tensor of the same shape, such as expand(0, …)",
    });
  return [state, cell].filter(isTensor);
}

function recurrent<More, Cells>(def: OpDef, results: readonly Gives[]): Recurrent<More, Cells> {
  const without = (options: unknown): unknown =>
    typeof options === "object" && options !== null && !Array.isArray(options)
      ? Object.fromEntries(Object.entries(options).filter(([, value]) => !isTensor(value)))
      : options;
  const op = (...args: readonly unknown[]): unknown => {
    const trace = here();
    const [first, second] = args;
    located("", trace, () => noMore(def.name, args, 2));
    const isLayer = !isTensor(first) && second === undefined;
    const options = isLayer ? first : second;
    const states = located("", trace, () => statesIn(def.name, options));
    const wantsAll = (options as { readonly states?: unknown } | undefined)?.states === true;
    const gives = wantsAll ? results : results.slice(0, 1);
    const settings = (result: Gives): Settings => {
      const { attrs } = settled(def, without(options), trace);
      return { attrs: { ...attrs, gives: result, states: states.length } };
    };
    const shared: Shared = {};
    if (!isLayer) {
      const made = gives.map((result, part) =>
        apply(def, () => settings(result), [first, ...states], trace, {
          shared,
          ...(wantsAll ? { part } : {}),
        }),
      );
      return wantsAll ? made : made[0];
    }
    const own = settings("sequence");
    located("", trace, () => {
      if (wantsAll)
        throw new UserError({
          problem: `${def.name}: states of a layer`,
          rule: "a layer gives one tensor",
          fix: `const [sequence, state] = ${def.name}(x, { …, states: true })`,
        });
    });
    return makeLayer(def.name, (x) => apply(def, () => own, [x, ...states], trace, { shared }));
  };
  return op as Recurrent<More, Cells>; // the overloads are what it does
}

type MoreOf<Options> = Omit<Options, keyof RecurrentOptions>;

/**
 * Long short-term memory along a sequence: [N, T, features] → [N, T, hidden], or [N, T, 2 · hidden] both ways.
 *
 *   i, f, o = sigmoid(x·W + b + h·R + c),   g = tanh(…),   c′ = f·c + i·g,   h′ = o·tanh(c′)
 *
 * Parameters are PyTorch's: weight_ih [4 · hidden, features], weight_hh [4 · hidden, hidden], bias_ih and bias_hh [4 · hidden], the
 * gates in the order i, f, g, o, and those of the other direction with _reverse behind their names (Hochreiter & Schmidhuber 1997).
 */
export const lstm: Recurrent<MoreOf<LstmOptions>, true> = recurrent(ops.lstm, ["sequence", "state", "cell"]);
/**
 * Gated recurrent units along a sequence: [N, T, features] → [N, T, hidden], or [N, T, 2 · hidden] both ways.
 *
 *   r, z = sigmoid(x·W + b + h·R + c),   n = tanh(x·W + b + r·(h·R + c)),   h′ = (1 − z)·n + z·h
 *
 * Parameters as of `lstm`, the gates in PyTorch's order r, z, n (Cho et al. 2014).
 */
export const gru: Recurrent<MoreOf<GruOptions>, false> = recurrent(ops.gru, ["sequence", "state"]);
/**
 * A plain recurrence along a sequence: h′ = tanh(x·W + b + h·R + c), as [N, T, features] → [N, T, hidden]. With
 * `activations: ["relu"]` it is another function (Elman 1990). Parameters as of `lstm`.
 */
export const rnn: Recurrent<object, false> = recurrent(ops.rnn, ["sequence", "state"]);
