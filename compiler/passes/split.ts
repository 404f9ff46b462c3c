/**
 * Split-K: a long sum with few results is computed in two steps, partial sums along one of the summed axes and then
 * their sum, both in a fixed order, so that results are the same bits every time. (LeNet's first convolution: 150
 * weights, each the sum of 200,704 products at batch 256.)
 */
import { must } from "../errors.ts";
import type { Axis, Expr, OpContext } from "../ir/expr.ts";
import type { Node, OpDef, OpNode } from "../ir/graph.ts";
import { boundOf, isBatch, isKnown } from "../ir/type.ts";
import { axisIndex } from "../math/affine.ts";
import { opContext, reduce, substitute } from "../math/build.ts";
import { derivedNode, opNode, suffixed } from "../ops/derived.ts";
import { keepBusy, reductions } from "../ops/reduce.ts";
import type { Target } from "../strategies/target.ts";
import { contractionsOf } from "./analysis.ts";

/** Results beyond this many are work enough for every thread. */
const FEW = 16384;
/** Sums over the batch are split if an axis of at least this many terms can be taken apart. */
const PARTS = 4;
/** Examples are, if each has so many: what it adds to is written down for each. */
const TERMS = 32;

/** Partial sums are not taken apart again. */
const partials = new WeakSet<OpDef>();

/**
 * The sum in two steps; undefined where the op is none that gains by it. A processor that walks rows by itself takes the examples
 * apart: all that one of them needs stays in its first cache. GPUs take the longest other axis, for which less is stored, unless
 * workgroups that share a sum each are enough.
 */
export function splitSum(node: OpNode, { target }: { readonly target: Target }): Node | undefined {
  const { shape } = node.type;
  if (partials.has(node.op)) return undefined;
  if (!shape.every(isKnown)) return undefined;
  const count = shape.reduce<number>((a, d) => a * Number(d), 1);
  if (count > FEW) return undefined;
  const whole = node.op.define(node.attrs, opContext(node));
  if (whole.kind !== "reduce" || whole.op !== "sum" || !whole.axes.some((a) => isBatch(a.extent)))
    return undefined;
  if (target.gpu && contractionsOf(whole).length === 0 && keepBusy(count, target.gpu.threads))
    return undefined;
  const which = target.vectors ? examples(whole.axes) : longest(whole.axes);
  if (which === undefined) return undefined;
  const parts = must(whole.axes[which], "axis").extent;

  const type = { dtype: node.type.dtype, shape: [parts, ...shape] };
  const partial = derivedNode(`${node.op.name}.partial`, type, suffixed(node.origin, "partial"), (context) =>
    partialSum(node, which, context),
  );
  partials.add(partial.op);
  return opNode(reductions.sum, { axis: 0 }, [partial], node.origin);
}

/** The position of the longest summed axis besides the batch, if it is worth splitting. */
function longest(axes: readonly Axis[]): number | undefined {
  const extents = axes.map((a) => (isBatch(a.extent) ? 0 : boundOf(a.extent)));
  const most = Math.max(...extents);
  return most >= PARTS ? extents.indexOf(most) : undefined;
}

/** The position of the batch, if an example has enough terms by itself. */
function examples(axes: readonly Axis[]): number | undefined {
  const terms = axes.reduce((a, x) => a * (isBatch(x.extent) ? 1 : boundOf(x.extent)), 1);
  return terms >= TERMS ? axes.findIndex((a) => isBatch(a.extent)) : undefined;
}

/** The sum at one position of the axis that is split off: `context.at[0]`. */
function partialSum(node: OpNode, which: number, { at, axis }: OpContext): Expr {
  const [part, ...rest] = at;
  const whole = node.op.define(node.attrs, { at: rest, inputs: node.inputs, shape: node.type.shape, axis });
  if (whole.kind !== "reduce") return whole; // `splitSum` saw a sum
  const taken = must(whole.axes[which], "split axis");
  const body = substitute(whole.body, new Map([[taken, axisIndex(must(part, "part"))]]));
  return reduce(
    "sum",
    whole.axes.filter((a) => a !== taken),
    body,
  );
}
