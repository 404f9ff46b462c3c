/**
 * Axes that go through memory as one: the inverse of `splitAxes`. Where an axis b lies within a, and every address goes on by
 * B·(what b goes on by) along a, with B the extent of b, both are one axis ab: a = ⌊ab / B⌋ and b = ab mod B fold away.
 */
import type { Axis, Expr, Index, Reduce } from "../ir/expr.ts";
import type { Result } from "../ir/region.ts";
import type { Storages } from "../ir/storage.ts";
import { isKnown } from "../ir/type.ts";
import {
  axesUnder,
  axisIndex,
  div,
  mod,
  newAxis,
  rowMajor,
  substitute as substituteIndex,
} from "./affine.ts";
import { mapChildren, reduce, substitute, visit } from "./build.ts";
import { address } from "./layout.ts";

/** What is stored, and over which axes. */
export interface Computed {
  readonly results: readonly Result[];
  readonly axes: readonly Axis[];
}

/** The same over fewer axes; undefined where none go through memory as one. */
export function mergeAxes(computed: Computed, storages: Storages): Computed | undefined {
  let [merged, found]: [Computed, boolean] = [computed, false];
  for (let next = mergedOnce(merged, storages); next; next = mergedOnce(merged, storages))
    [merged, found] = [next, true];
  return found ? merged : undefined;
}

function mergedOnce(computed: Computed, storages: Storages): Computed | undefined {
  const { results, axes } = computed;
  for (const [a, b] of pairs(axes)) {
    const { both, by } = asOne(a, b);
    const moved = results.map((r) => ({
      ...r,
      value: substitute(r.value, by),
      place: r.place.map((i) => substituteIndex(i, by)),
    }));
    const goes = (r: Result): boolean =>
      isAffine(r.value, both, storages) && isPlain(address(r.root, r.place, storages), both);
    if (!moved.every(goes)) continue;
    return { results: moved, axes: axes.flatMap((x) => (x === a ? [both] : x === b ? [] : [x])) };
  }
  for (const sum of new Set(results.flatMap((r) => reductions(r.value))))
    for (const [a, b] of pairs(sum.axes)) {
      const { both, by } = asOne(a, b);
      const body = substitute(sum.body, by);
      if (!isAffine(body, both, storages)) continue;
      const fewer = sum.axes.flatMap((x) => (x === a ? [both] : x === b ? [] : [x]));
      const merged = reduce(sum.op, fewer, body);
      const put = (e: Expr): Expr => (e === sum ? merged : mapChildren(e, put));
      return { ...computed, results: results.map((r) => ({ ...r, value: put(r.value) })) };
    }
  return undefined;
}

/** All ordered pairs of axes of known extents above 1. */
function pairs(axes: readonly Axis[]): readonly (readonly [Axis, Axis])[] {
  const known = axes.filter((a) => isKnown(a.extent) && a.extent > 1);
  return known.flatMap((a) => known.flatMap((b) => (a === b ? [] : [[a, b] as const])));
}

function asOne(a: Axis, b: Axis): { readonly both: Axis; readonly by: ReadonlyMap<Axis, Index> } {
  const inner = Number(b.extent);
  const both = newAxis(`${a.name}${b.name}`, Number(a.extent) * inner);
  const index = axisIndex(both);
  return {
    both,
    by: new Map([
      [a, div(index, inner)],
      [b, mod(index, inner)],
    ]),
  };
}

/** Whether every address, bound and position of an expression has an axis, where it has it at all, by itself. */
function isAffine(value: Expr, axis: Axis, storages: Storages): boolean {
  let affine = true;
  const look = (index: Index): void => {
    affine &&= isPlain(index, axis);
  };
  visit(value, (e) => {
    if (e.kind === "load") {
      look(address(e.from, e.index, storages));
      look(rowMajor(e.index, e.from.type.shape)); // as `splitAxes` sees it
    }
    if (e.kind === "position") look(e.index);
    else if (e.kind === "random") look(e.counter);
    else if (e.kind === "guard") for (const b of e.bounds) look(b.index);
  });
  return affine;
}

const isPlain = ({ terms }: Index, axis: Axis): boolean =>
  terms.every(({ atom }) => atom === axis || !axesUnder(atom).has(axis));

function reductions(value: Expr): readonly Reduce[] {
  const found: Reduce[] = [];
  visit(value, (e) => {
    if (e.kind === "reduce") found.push(e);
  });
  return found;
}
