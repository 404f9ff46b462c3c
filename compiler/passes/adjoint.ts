/**
 * The adjoint of an index expression: the gradient of one operand, by solving its index for the output's axes.
 *
 *   y[a] = Σ_r … x[f(a, r)] …      ⇒      ∂L/∂x[p] = Σ_{a, r: f(a, r) = p} ∂L/∂y[a] · ∂y/∂x
 *
 * For a window, p = a·s + r·d − pad is solved for a. With stride s > 1 only taps r ≡ (p + pad)/d (mod s) reach p:
 * the tap is split into s phases and no step is spent on the others. (Cf. Dumoulin & Visin 2016, section 4, where
 * the same is done by inserting zeros.)
 */

import { must } from "../errors.ts";
import type { Axis, Bound, Expr, Index, Load, OpContext, Reduce, Substitution } from "../ir/expr.ts";
import type { Node, OpNode } from "../ir/graph.ts";
import { isKnown } from "../ir/type.ts";
import {
  add,
  alwaysInside,
  axesUnder,
  axisIndex,
  div,
  gcd,
  inverse,
  lookupsOf,
  mod,
  newAxis,
  scale,
  substitute as substituteIndex,
} from "../math/affine.ts";
import {
  call,
  children,
  equal,
  guard,
  literal,
  load,
  mapChildren,
  opContext,
  plus,
  reduce,
  substitute,
  times,
} from "../math/build.ts";
import { splitAxes } from "../math/splitAxes.ts";
import { scalars } from "../ops/scalar.ts";

/** One way in which the output depends on the operand: the element, ∂y/∂element, and the axes summed on the way. */
interface Path {
  readonly load: Load;
  readonly partial: Expr;
  readonly axes: readonly Axis[];
}

/** ∂L/∂operand at `context.at`, given the node `grad` that holds ∂L/∂node. */
export function adjoint(node: OpNode, operand: Node, grad: Node, context: OpContext): Expr {
  const forward = opContext(node);
  const meaning = { value: node.op.define(node.attrs, forward), place: forward.at.map(axisIndex) };
  const { axes, results } = splitAxes({ results: [meaning], axes: forward.at });
  const { value, place } = must(results[0], "meaning");
  const paths = pathsTo(operand, value, load(node, place));
  const at: Places = { axes, place };
  return paths.reduce<Expr>((sum, path) => plus(sum, contribution(path, at, grad, context)), literal(0));
}

/** The axes of an op's value, split, and its position in terms of them. */
interface Places {
  readonly axes: readonly Axis[];
  readonly place: readonly Index[];
}

/** A reduction over axes that no other expression has. */
type Renamed = Pick<Reduce, "axes" | "body">;

function dependsOn(e: Expr, operand: Node): boolean {
  return (e.kind === "load" && e.from === operand) || children(e).some((child) => dependsOn(child, operand));
}

/** `self` is the stored value of the whole expression: a derivative that needs it reads it instead of recomputing. */
function pathsTo(operand: Node, value: Expr, self: Expr): readonly Path[] {
  const found: Path[] = [];
  // Axes that are solved must not be those that a reduction within a partial derivative binds.
  const apart = new Map<Reduce, Renamed>();
  const renamed = (e: Reduce): Renamed => {
    const known = apart.get(e);
    if (known) return known;
    const axes = e.axes.map((a) => newAxis(a.name, a.extent));
    const body = substitute(e.body, new Map(e.axes.map((a, i) => [a, axisIndex(must(axes[i], "axis"))])));
    const copy = { axes, body };
    apart.set(e, copy);
    return copy;
  };
  const walk = (e: Expr, partial: Expr, axes: readonly Axis[]): void => {
    if (!dependsOn(e, operand)) return;
    switch (e.kind) {
      case "load":
        found.push({ load: e, partial, axes });
        return;
      case "call": {
        const known = e === value ? self : e;
        e.args.forEach((argument, i) => {
          const rule = must(scalars[e.fn].partials[i], "partial derivative");
          walk(argument, times(partial, rule(e.args, known)), axes);
        });
        return;
      }
      case "guard":
        walk(e.then, guard(e.bounds, partial, literal(0)), axes);
        walk(e.otherwise, guard(e.bounds, literal(0), partial), axes);
        return;
      case "reduce": {
        const inner = renamed(e);
        const slope = e.op === "sum" ? partial : times(partial, slopeOf(inner, e, e === value ? self : e));
        walk(inner.body, slope, [...axes, ...inner.axes]);
        return;
      }
      default:
        return;
    }
  };
  walk(value, literal(1), []);
  return merged(found);
}

/** The derivative of a reduction that is no sum with respect to one of its elements. */
function slopeOf(inner: Renamed, { op }: Reduce, value: Expr): Expr {
  return op === "prod" ? others(inner) : share(inner, value);
}

/** The product of all other elements: as it is without a quotient, it is right where one is 0. */
function others(e: Renamed): Expr {
  const axes = e.axes.map((a) => newAxis(a.name, a.extent));
  const other = new Map(e.axes.map((a, i) => [a, axisIndex(must(axes[i], "axis"))]));
  const same = e.axes.map((a, i) => ({
    index: add(axisIndex(a), scale(axisIndex(must(axes[i], "axis")), -1)),
    extent: 1,
  }));
  return reduce("prod", axes, guard(same, literal(1), substitute(e.body, other)));
}

/**
 * The derivative of a maximum (or minimum) with respect to one of its elements: 1 where the element equals it, shared
 * evenly among those that do. (At least 1 by which to divide: a compiler may round the element here and the stored
 * extremum differently, and then none equals it.)
 */
function share(e: Renamed, extremum: Expr): Expr {
  const axes = e.axes.map((a) => newAxis(a.name, a.extent));
  const other = new Map(e.axes.map((a, i) => [a, axisIndex(must(axes[i], "axis"))]));
  const count = reduce("sum", axes, equal(substitute(e.body, other), extremum));
  return call("div", equal(e.body, extremum), call("max", count, literal(1)));
}

/** Paths to the same element over the same axes are one: their partials add up. */
function merged(paths: readonly Path[]): readonly Path[] {
  const found: Path[] = [];
  for (const path of paths) {
    const same = (p: Path): boolean =>
      p.load === path.load &&
      p.axes.length === path.axes.length &&
      p.axes.every((a, i) => a === path.axes[i]);
    const at = found.findIndex(same);
    const known = found[at];
    if (known) found[at] = { ...path, partial: plus(known.partial, path.partial) };
    else found.push(path);
  }
  return found;
}

function contribution(
  { load: element, partial, axes }: Path,
  { axes: at, place }: Places,
  grad: Node,
  context: OpContext,
): Expr {
  const { solved, bounds, chosen, rest } = solve(element.index, [...at, ...axes], at, context);
  const incoming = load(
    grad,
    place.map((i) => substituteIndex(i, solved)),
  );
  const slope = substitute(atPosition(partial, element.index, context.at), solved);
  // Where the slope's reads are in range by bounds of their own, the product's factors stay apart: it is a contraction.
  const own = isPlain(slope) ? boundsOf(slope, bounds) : undefined;
  const product = own
    ? times(guard(bounds, incoming, literal(0)), guard(own, slope, literal(0)))
    : guard(bounds, times(incoming, slope), literal(0));
  // What is read by numbers of a tensor: a product with a matrix of 0 and 1 that nobody stores, as a contraction.
  const one = guard(chosen, literal(1), literal(0));
  return reduce("sum", rest, times(one, product));
}

/** Where the solution holds the operand's own index is the position; said so, it is in range without a proof. */
function atPosition(e: Expr, index: readonly Index[], at: readonly Axis[]): Expr {
  const known = new Map(
    index.flatMap((part, d) =>
      part.terms.length > 0 ? [[part, axisIndex(must(at[d], "position"))] as const] : [],
    ),
  );
  const put = (i: Index): Index => known.get(i) ?? i;
  const walk = (x: Expr): Expr => {
    if (x.kind === "load") return load(x.from, x.index.map(put));
    if (x.kind !== "guard") return mapChildren(x, walk);
    const bounds = x.bounds.map((b) => ({ ...b, index: put(b.index) }));
    return guard(bounds, walk(x.then), walk(x.otherwise));
  };
  return walk(e);
}

/** Products and sums of numbers that are read: finite wherever all of them are in range. */
function isPlain(e: Expr): boolean {
  if (e.kind === "call" && e.fn !== "mul" && e.fn !== "add" && e.fn !== "sub" && e.fn !== "neg") return false;
  return children(e).every(isPlain);
}

/** Those of the bounds that say that what is read lies in range; undefined where they do not say it of all. */
function boundsOf(e: Expr, bounds: readonly Bound[]): readonly Bound[] | undefined {
  if (e.kind !== "load") {
    const each = children(e).map((child) => boundsOf(child, bounds));
    return each.every((list) => list !== undefined) ? each.flat() : undefined;
  }
  const found: Bound[] = [];
  for (const [d, index] of e.index.entries()) {
    const extent = must(e.from.type.shape[d], "dimension");
    if (alwaysInside({ index, extent })) continue;
    const said = bounds.find((b) => b.index === index && b.extent === extent);
    if (!said) return undefined;
    found.push(said);
  }
  return found;
}

interface Solution {
  /** Axes of the forward expression in terms of the position p and of what is left to sum. */
  readonly solved: Substitution;
  readonly bounds: readonly Bound[];
  /** Those that say which numbers of a tensor lead to p. What is read is in range without them. */
  readonly chosen: readonly Bound[];
  readonly rest: readonly Axis[];
}

/**
 * Solves index = p, dimension by dimension, for an axis each. What has no axis to be solved for (a second occurrence,
 * a remainder that does not split) becomes a condition on the axes that are summed.
 */
function solve(
  index: readonly Index[],
  all: readonly Axis[],
  outer: readonly Axis[],
  context: OpContext,
): Solution {
  // In closed form at all times: no value mentions a solved axis.
  const solved = new Map<Axis, Index>();
  const bounds: Bound[] = [];
  const chosen: Bound[] = [];
  const fresh: Axis[] = [];
  const unknown = new Set(all);
  const isOuter = new Set(outer);
  const put = (axis: Axis, value: Index): void => {
    const one = new Map([[axis, value]]);
    for (const [other, known] of solved) solved.set(other, substituteIndex(known, one));
    solved.set(axis, value);
    unknown.delete(axis);
    bounds.push({ index: value, extent: axis.extent });
  };
  index.forEach((given, d) => {
    const p = axisIndex(must(context.at[d], "position"));
    const part = substituteIndex(given, solved);
    const open = openTerms(part, unknown);
    const pivot = open.toSorted(
      (a, b) => Number(isOuter.has(b.axis)) - Number(isOuter.has(a.axis)) || Math.abs(a.by) - Math.abs(b.by),
    )[0];
    if (pivot === undefined) {
      const met = lookupsOf(part).length > 0 ? chosen : bounds;
      met.push({ index: add(p, scale(part, -1)), extent: 1 });
      return;
    }
    const step = Math.abs(pivot.by);
    let remainder = add(p, scale(part, -1), scale(axisIndex(pivot.axis), pivot.by));
    const tap =
      step > 1
        ? open.find((t) => t !== pivot && gcd(Math.abs(t.by), step) === 1 && isKnown(t.axis.extent))
        : undefined;
    if (tap) {
      // Taps that reach p: tap ≡ (p − others)·by⁻¹ (mod step).
      const others = add(remainder, scale(axisIndex(tap.axis), tap.by));
      const phase = mod(scale(others, inverse(tap.by, step)), step);
      const turns = context.axis(tap.axis.name, Math.ceil((tap.axis.extent as number) / step));
      fresh.push(turns);
      const whole = add(scale(axisIndex(turns), step), phase);
      put(tap.axis, whole);
      remainder = add(others, scale(whole, -tap.by));
    }
    const numerator = pivot.by < 0 ? scale(remainder, -1) : remainder;
    if (step > 1 && !tap) bounds.push({ index: mod(numerator, step), extent: 1 });
    put(pivot.axis, div(numerator, step));
  });
  const settled = (b: Bound): Bound => ({ ...b, index: substituteIndex(b.index, solved) });
  return {
    solved,
    bounds: bounds.map(settled),
    chosen: chosen.map(settled),
    rest: [...unknown, ...fresh],
  };
}

/** The terms of an index that it can be solved for: axes that are unknown and occur once. */
function openTerms(
  { terms }: Index,
  unknown: ReadonlySet<Axis>,
): readonly { readonly axis: Axis; readonly by: number }[] {
  const nested = new Set<Axis>();
  for (const { atom } of terms) if (atom.kind !== "axis") axesUnder(atom, nested);
  return terms.flatMap(({ atom, coefficient }) =>
    atom.kind === "axis" && unknown.has(atom) && !nested.has(atom) ? [{ axis: atom, by: coefficient }] : [],
  );
}
