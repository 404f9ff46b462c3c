/** Constructors for index expressions, with the simplifications that hold by the definition of each form. */

import type { Dim } from "../../contract/type.ts";
import { must } from "../errors.ts";
import type {
  Axis,
  Bound,
  Expr,
  Index,
  Load,
  Lookup,
  OpContext,
  ReduceOp,
  ScalarName,
  Substitution,
} from "../ir/expr.ts";
import type { Node } from "../ir/graph.ts";
import { boundOf, isKnown, keyOf } from "../ir/type.ts";
import {
  alwaysInside,
  axesOf,
  axisIndex,
  constant,
  lookup,
  lookupsOf,
  mapLookups,
  newAxis,
  ownerAmong,
  rangeOf,
  substitute as substituteIndex,
} from "./affine.ts";
import { FOREVER, Interned, idOf } from "./intern.ts";

const expressions = new Interned<Expr>();

const ids = (parts: readonly { readonly id: number }[]): string => parts.map((p) => p.id).join();

export function literal(value: number): Expr {
  const rest = Object.is(value, -0) ? "-0" : `${value}`;
  return expressions.get(FOREVER, rest, (id) => ({ kind: "const", id, value }));
}

/** A size as a number. */
export function size(of: Dim): Expr {
  return isKnown(of)
    ? literal(of)
    : expressions.get(FOREVER, `size ${keyOf(of)}`, (id) => ({ kind: "size", id, of }));
}

export function position(index: Index): Expr {
  if (index.terms.length === 0) return literal(index.constant);
  return expressions.get(index, "position", (id) => ({ kind: "position", id, index }));
}

/** The element of `from` at `index`; constants are put in place. */
export function load(from: Node, index: readonly Index[]): Expr {
  if (from.kind === "const") return literal(from.value);
  if (from.kind === "scalar") {
    const { slot } = from;
    return expressions.get(FOREVER, `rate ${slot}`, (id) => ({ kind: "rate", id, slot }));
  }
  const rest = `load ${idOf(from)} ${ids(index)}`;
  return expressions.get(ownerAmong(index) ?? from, rest, (id) => ({ kind: "load", id, from, index }));
}

export function call(fn: ScalarName, ...args: readonly Expr[]): Expr {
  const owner = args.find((a) => a.kind !== "const" && a.kind !== "size") ?? FOREVER;
  return expressions.get(owner, `${fn} ${ids(args)}`, (id) => ({ kind: "call", id, fn, args }));
}

/** `then` inside the bounds, `otherwise` outside; bounds that always hold vanish. */
export function guard(bounds: readonly Bound[], then: Expr, otherwise: Expr): Expr {
  const open: Bound[] = [];
  for (const b of bounds) {
    if (alwaysInside(b) || open.some((o) => o.index === b.index && o.extent === b.extent)) continue;
    const { low, high } = rangeOf(b.index);
    if (high < 0 || low >= boundOf(b.extent)) return otherwise;
    open.push(b);
  }
  const [first] = open;
  if (first === undefined || then === otherwise) return then;
  const rest = `guard ${open.map((b) => `${b.index.id}<${keyOf(b.extent)}`).join()} ${then.id} ${otherwise.id}`;
  return expressions.get(first.index, rest, (id) => ({ kind: "guard", id, bounds: open, then, otherwise }));
}

export function reduce(op: ReduceOp, axes: readonly Axis[], body: Expr): Expr {
  const real = axes.filter((a) => a.extent !== 1);
  const [first] = real;
  if (first === undefined) return body;
  if (body.kind === "const") {
    if (op === "max" || op === "min") return body;
    const count = real.reduce((a, x) => a * (isKnown(x.extent) ? x.extent : 1), 1);
    const [join, once] =
      op === "sum" ? (["mul", body.value * count] as const) : (["pow", body.value ** count] as const);
    const open = real.filter((x) => !isKnown(x.extent));
    return open.reduce((a, x) => call(join, a, size(x.extent)), literal(once));
  }
  const rest = `${op} over ${ids(real)} ${body.id}`;
  return expressions.get(first, rest, (id) => ({ kind: "reduce", id, op, axes: real, body }));
}

/** A number in [0, 1) that depends on the counter, the salt, and the run's seed and step. */
export function random(counter: Index, salt: number): Expr {
  return expressions.get(counter, `random ${salt}`, (id) => ({ kind: "random", id, counter, salt }));
}

export function accumulator(index: readonly Index[]): Expr {
  const rest = `acc ${ids(index)}`;
  return expressions.get(ownerAmong(index) ?? FOREVER, rest, (id) => ({ kind: "acc", id, index }));
}

/** Load with padding: `fill` where an index leaves the tensor. */
export function loadPadded(from: Node, index: readonly Index[], fill: number): Expr {
  const bounds = index.map((i, d) => ({ index: i, extent: must(from.type.shape[d], "dimension") }));
  return guard(bounds, load(from, index), literal(fill));
}

/** The operand's element for a broadcast output position (dimensions align at the right, size 1 repeats). */
export function loadBroadcast(from: Node, at: readonly Axis[]): Expr {
  const shape = from.type.shape;
  const offset = at.length - shape.length;
  return load(
    from,
    shape.map((extent, d) => {
      const axis = must(at[offset + d], "broadcast axis");
      return extent === 1 ? constant(0) : axisIndex(axis);
    }),
  );
}

/** Rebuilds an expression with its children changed by `f`, and its own indices by `put`. */
export function mapChildren(e: Expr, f: (child: Expr) => Expr, put?: (index: Index) => Index): Expr {
  switch (e.kind) {
    case "const":
    case "size":
    case "rate":
      return e;
    case "random":
      return put ? random(put(e.counter), e.salt) : e;
    case "position":
      return put ? position(put(e.index)) : e;
    case "acc":
      return put ? accumulator(e.index.map(put)) : e;
    case "load":
      return put ? load(e.from, e.index.map(put)) : e;
    case "call":
      return call(e.fn, ...e.args.map(f));
    case "guard": {
      const bounds = put ? e.bounds.map((b) => ({ ...b, index: put(b.index) })) : e.bounds;
      return guard(bounds, f(e.then), f(e.otherwise));
    }
    case "reduce":
      return reduce(e.op, e.axes, f(e.body));
  }
}

/** Replaces axes by indices everywhere; reduced axes must not be among them. */
export function substitute(e: Expr, by: Substitution): Expr {
  if (by.size === 0) return e;
  return mapChildren(
    e,
    (child) => substitute(child, by),
    (index) => substituteIndex(index, by),
  );
}

/** An expression's own indices, without those of its children. */
export function indicesOf(e: Expr): readonly Index[] {
  switch (e.kind) {
    case "random":
      return [e.counter];
    case "position":
      return [e.index];
    case "acc":
    case "load":
      return e.index;
    case "guard":
      return e.bounds.map((b) => b.index);
    default:
      return [];
  }
}

export function children(e: Expr): readonly Expr[] {
  switch (e.kind) {
    case "const":
    case "size":
    case "rate":
    case "random":
    case "position":
    case "acc":
    case "load":
      return [];
    case "call":
      return e.args;
    case "guard":
      return [e.then, e.otherwise];
    case "reduce":
      return [e.body];
  }
}

/** Visits every subexpression, parents first. */
export function visit(e: Expr, f: (e: Expr) => void): void {
  f(e);
  for (const child of children(e)) visit(child, f);
}

/** The axes an expression depends on, those it reduces over excluded. */
export function freeAxes(e: Expr): ReadonlySet<Axis> {
  const into = new Set<Axis>();
  const walk = (x: Expr, bound: ReadonlySet<Axis>): void => {
    for (const index of indicesOf(x)) for (const axis of axesOf(index)) if (!bound.has(axis)) into.add(axis);
    const inner = x.kind === "reduce" ? new Set([...bound, ...x.axes]) : bound;
    for (const child of children(x)) walk(child, inner);
  };
  walk(e, new Set());
  return into;
}

/** A context for `OpDef.define`, with new axes. */
export function opContext(
  node: { readonly inputs: readonly Node[]; readonly type: Node["type"] },
  names = defaultNames,
): OpContext {
  const shape = node.type.shape;
  return {
    at: shape.map((extent, i) => newAxis(names(shape.length, i), extent)),
    inputs: node.inputs,
    shape,
    axis: newAxis,
  };
}

/** n c h w for images, n i j … otherwise. */
function defaultNames(rank: number, i: number): string {
  if (rank === 4) return must(["n", "c", "h", "w"][i], "axis name");
  return i === 0 ? "n" : must(["i", "j", "k", "l", "m"][i - 1] ?? `d${i}`, "axis name");
}

/** An element of a tensor: as a value, or as a whole number that says where another one is. */
export type Read = Pick<Load, "from" | "index">;

/** What an expression's own indices look up. */
export const lookupsIn = (e: Expr): readonly Lookup[] => indicesOf(e).flatMap(lookupsOf);

/** The stored tensors an expression reads, in the order of first use. */
export function tensorsOf(e: Expr): readonly Node[] {
  const found = new Set<Node>();
  visit(e, (x) => {
    if (x.kind === "load") found.add(x.from);
    for (const { from } of lookupsIn(x)) found.add(from);
  });
  return [...found];
}

/** Rebuilds an expression with all that it reads changed by `f`. */
export function mapReads(e: Expr, f: (read: Read) => Read): Expr {
  const put = (index: Index): Index =>
    mapLookups(index, (looked) => {
      const { from, index } = f(looked);
      return lookup(from, index, looked.extent);
    });
  const walk = (x: Expr): Expr => {
    if (x.kind !== "load") return mapChildren(x, walk, put);
    const { from, index } = f({ from: x.from, index: x.index.map(put) });
    return load(from, index);
  };
  return walk(e);
}

/** a · b, where 0 and 1 vanish. */
export function times(a: Expr, b: Expr): Expr {
  if (isConstant(a, 0) || isConstant(b, 1)) return a;
  if (isConstant(b, 0) || isConstant(a, 1)) return b;
  return call("mul", a, b);
}

/** a + b, where 0 vanishes. */
export function plus(a: Expr, b: Expr): Expr {
  if (isConstant(a, 0)) return b;
  return isConstant(b, 0) ? a : call("add", a, b);
}

function isConstant(e: Expr, value: number): boolean {
  return e.kind === "const" && e.value === value;
}

/** 1 where a = b, else 0. */
export function equal(a: Expr, b: Expr): Expr {
  return call("sub", call("sub", literal(1), call("less", a, b)), call("less", b, a));
}

/** Σ over axes of a · b. */
export const product = (axes: readonly Axis[], a: Expr, b: Expr): Expr =>
  reduce("sum", axes, call("mul", a, b));
