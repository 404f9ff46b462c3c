/** Region → Kernel: divided axes are split so that indices are affine, and axes are classified by role. */

import { InternalError, must } from "../errors.ts";
import type { Axis, Expr, Index, Reduce } from "../ir/expr.ts";
import type { Kernel } from "../ir/kernel.ts";
import type { Region } from "../ir/region.ts";
import { isKnown } from "../ir/type.ts";
import { add, axisIndex, newAxis, rowMajor, scale, substitute as substituteIndex } from "../math/affine.ts";
import { accumulator, freeAxes, mapChildren, reduce, substitute, visit } from "../math/build.ts";
import { contractionsOf, factorsOf, tensorsOf } from "./analysis.ts";

export function lower(region: Region): Kernel {
  const { value, axes, place } = splitAxes(region);
  const space = axes.filter((a) => a.extent !== 1);
  const base = { region, space, place, reads: tensorsOf(value) };
  const sums = contractionsOf(value);
  if (sums.length > 1)
    throw new InternalError(`${region.root.origin.name}: ${sums.length} contractions in one region`);
  const sum = sums[0];
  if (sum === undefined) return { ...base, kind: "mapReduce", result: value };
  return { ...base, kind: "contraction", ...contraction(value, sum, space) };
}

function contraction(value: Expr, sum: Reduce, space: readonly Axis[]) {
  const { lhs, rhs } = must(factorsOf(sum), "factors of a contraction");
  const free = freeAxes(sum);
  const window = [...free].filter((a) => !space.includes(a));
  const axes = [...space.filter((a) => free.has(a)), ...window];
  const acc = accumulator(axes.map(axisIndex));
  const put = (e: Expr): Expr => (e === sum ? acc : mapChildren(e, put));
  const [left, right] = [freeAxes(lhs), freeAxes(rhs)];
  const role = (inLeft: boolean, inRight: boolean): readonly Axis[] =>
    space.filter((a) => left.has(a) === inLeft && right.has(a) === inRight);
  return {
    result: put(value),
    window,
    axes,
    k: sum.axes,
    lhs,
    rhs,
    batch: [...role(true, true), ...role(false, false)],
    m: role(true, false),
    n: role(false, true),
  };
}

/** An expression, its axes, and where they lie: an index per dimension, over the axes. */
export interface Split {
  readonly value: Expr;
  readonly axes: readonly Axis[];
  readonly place: readonly Index[];
}

/** Splits each axis that is divided by a factor of its extent, until none is: a = outer · by + inner. */
export function splitAxes(region: Pick<Region, "value" | "axes">): Split {
  let split: Split = { value: region.value, axes: region.axes, place: region.axes.map(axisIndex) };
  for (let target = divided(split.value); target; target = divided(split.value))
    split = splitAxis(split, target.axis, target.by);
  return split;
}

/**
 * An axis that occurs alone under a division or remainder by a factor of its extent. Loads are judged by their
 * address: a reshape of a row-major tensor folds back and needs no split.
 */
function divided(value: Expr): { readonly axis: Axis; readonly by: number } | undefined {
  let found: { readonly axis: Axis; readonly by: number } | undefined;
  const look = (index: Index): void => {
    for (const { atom } of index.terms) {
      if (atom.kind === "axis") continue;
      const [term] = atom.of.terms;
      const alone = atom.of.terms.length === 1 && atom.of.constant === 0 && term?.coefficient === 1;
      if (alone && term.atom.kind === "axis") {
        const axis = term.atom;
        if (isKnown(axis.extent) && axis.extent % atom.by === 0) found ??= { axis, by: atom.by };
      }
      look(atom.of);
    }
  };
  visit(value, (e) => {
    if (e.kind === "load") look(rowMajor(e.index, e.from.type.shape));
    else if (e.kind === "position") look(e.index);
    else if (e.kind === "guard") for (const b of e.bounds) look(b.index);
  });
  return found;
}

function splitAxis(split: Split, axis: Axis, by: number): Split {
  const outer = newAxis(`${axis.name}o`, (axis.extent as number) / by);
  const inner = newAxis(`${axis.name}i`, by);
  const map = new Map([[axis, add(scale(axisIndex(outer), by), axisIndex(inner))]]);
  const parts = (axes: readonly Axis[]): readonly Axis[] =>
    axes.flatMap((a) => (a === axis ? [outer, inner] : [a]));
  // A reduced axis keeps its place in the reduction: its body is rewritten, its list gets both parts.
  const rebuild = (e: Expr): Expr =>
    e.kind === "reduce" ? reduce(e.op, parts(e.axes), rebuild(e.body)) : mapChildren(e, rebuild);
  return {
    value: substitute(rebuild(split.value), map),
    axes: parts(split.axes),
    place: split.place.map((i) => substituteIndex(i, map)),
  };
}
