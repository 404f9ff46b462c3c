/** Facts about index expressions, derived from their form: what kind of computation it is, and how it reads. */
import type { Axis, Expr, Index, Load, Reduce } from "../ir/expr.ts";
import type { Node } from "../ir/graph.ts";
import type { Result } from "../ir/region.ts";
import { boundOf } from "../ir/type.ts";
import { children, freeAxes, lookupsIn, visit } from "../math/build.ts";
import { scalars } from "../ops/scalar.ts";

/**
 * view: moves elements, computes nothing.  pointwise: one value per element, no reduction.
 * contraction: a sum of products in which an operand is reused.  reduction: any other sum, maximum or minimum.
 */
export type Kind = "view" | "pointwise" | "reduction" | "contraction";

export function kindOf(e: Expr): Kind {
  let kind: Kind = "view";
  visit(e, (x) => {
    if (x.kind === "reduce") kind = kind === "contraction" || factorsOf(x) ? "contraction" : "reduction";
    else if (x.kind === "call" && kind === "view") kind = "pointwise";
  });
  return kind;
}

/**
 * The two factors of a sum of products, if each depends on every reduced axis and at least one of them is
 * reused: some output axis occurs in one factor alone. (Without reuse there is nothing for a register tile to save.)
 */
export function factorsOf(e: Reduce): { readonly lhs: Expr; readonly rhs: Expr } | undefined {
  if (e.op !== "sum" || e.body.kind !== "call" || e.body.fn !== "mul") return undefined;
  const [lhs, rhs] = e.body.args;
  if (!lhs || !rhs || hasReduce(lhs) || hasReduce(rhs)) return undefined;
  const [left, right] = [freeAxes(lhs), freeAxes(rhs)];
  if (!e.axes.every((a) => left.has(a) && right.has(a))) return undefined;
  const reused = [...left].some((a) => !right.has(a)) || [...right].some((a) => !left.has(a));
  return reused ? { lhs, rhs } : undefined;
}

function hasReduce(e: Expr): boolean {
  return e.kind === "reduce" || children(e).some(hasReduce);
}

/** Whether the expression holds a function that is dearer than a few arithmetic instructions. */
export function isTranscendental(e: Expr): boolean {
  return (
    e.kind === "random" ||
    (e.kind === "call" && scalars[e.fn].cost === "transcendental") ||
    children(e).some(isTranscendental)
  );
}

/** Number of operations and reads, repeated ones counted each time. */
export function sizeOf(e: Expr): number {
  return children(e).reduce((a, child) => a + sizeOf(child), 1);
}

/** The distinct contractions within an expression. */
export function contractionsOf(e: Expr): readonly Reduce[] {
  const found = new Set<Reduce>();
  visit(e, (x) => {
    if (x.kind === "reduce" && factorsOf(x)) found.add(x);
  });
  return [...found];
}

/** The tensors whose elements an expression has values of; others say where. */
export function sourcesOf(e: Expr): readonly Node[] {
  const found = new Set<Node>();
  visit(e, (x) => {
    if (x.kind === "load") found.add(x.from);
  });
  return [...found];
}

/** Whether results read a tensor, if at all, at a certain place alone. */
export function readsAt(
  results: readonly Pick<Result, "value">[],
  tensor: Node,
  place: readonly Index[],
): boolean {
  return results.every(
    ({ value }) =>
      !looksUp(value, tensor) &&
      accessesOf(value, tensor).every(({ load }) => load.index.every((index, d) => index === place[d])),
  );
}

/** Whether a tensor's whole numbers say where an expression reads. */
export function looksUp(e: Expr, tensor: Node): boolean {
  return lookupsIn(e).some((l) => l.from === tensor) || children(e).some((child) => looksUp(child, tensor));
}

/** One way in which an expression reads a tensor: the element, and the reduced axes around it. */
export interface Access {
  readonly load: Load;
  readonly around: readonly Axis[];
}

export function accessesOf(e: Expr, from: Node): readonly Access[] {
  const found = new Map<Load, Access>();
  const walk = (x: Expr, around: readonly Axis[]): void => {
    if (x.kind === "load" && x.from === from) found.set(x, { load: x, around });
    const inner = x.kind === "reduce" ? [...around, ...x.axes] : around;
    for (const child of children(x)) walk(child, inner);
  };
  walk(e, []);
  return [...found.values()];
}

/**
 * Whether distinct positions of the iteration space read distinct elements: no element is read twice. Each axis
 * occurs in one index only, and within an index the terms do not overlap (each stride exceeds the span of the
 * smaller ones, as digits of a mixed radix do).
 */
export function readsOnce(index: readonly Index[], space: readonly Axis[]): boolean {
  const wanted = new Set(space.filter((a) => a.extent !== 1));
  const seen = new Set<Axis>();
  for (const part of index) {
    let span = 0;
    for (const { coefficient, atom } of part.terms.toSorted(
      (a, b) => Math.abs(a.coefficient) - Math.abs(b.coefficient),
    )) {
      if (atom.kind !== "axis" || Math.abs(coefficient) <= span || seen.has(atom)) return false;
      seen.add(atom);
      span += Math.abs(coefficient) * (boundOf(atom.extent) - 1);
    }
  }
  return [...wanted].every((axis) => seen.has(axis));
}
