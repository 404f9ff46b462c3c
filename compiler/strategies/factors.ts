/** What strategies that write a factor down first have in common. */
import { must } from "../errors.ts";
import type { Axis, Expr, Reduce } from "../ir/expr.ts";
import type { Region } from "../ir/region.ts";
import type { Storages } from "../ir/storage.ts";
import { freeAxes, mapChildren, tensorsOf, visit } from "../math/build.ts";
import { address } from "../math/layout.ts";
import { splitAxes } from "../math/splitAxes.ts";
import { contractionsOf, factorsOf } from "../passes/analysis.ts";

/** A region whose divided axes are split, its sum of products, and the innermost axis of the right factor alone. */
export interface Factors {
  readonly region: Region;
  readonly sum: Reduce;
  readonly lhs: Expr;
  readonly rhs: Expr;
  readonly columns: Axis | undefined;
}

export function factorsIn(given: Region): Factors {
  const region = { ...given, ...splitAxes(given) };
  const sum = must(region.results.flatMap((r) => contractionsOf(r.value))[0], "sum of products");
  const { lhs, rhs } = must(factorsOf(sum), "factors");
  const [left, right] = [freeAxes(lhs), freeAxes(rhs)];
  const columns = region.axes.filter((a) => right.has(a) && !left.has(a) && a.extent !== 1).at(-1);
  return { region, sum, lhs, rhs, columns };
}

/** The region with another value where a factor was. */
export function replaced(region: Region, factor: Expr, value: Expr): Region {
  const put = (e: Expr): Expr => (e === factor ? value : mapChildren(e, put));
  const results = region.results.map((r) => ({ ...r, value: put(r.value) }));
  return { ...region, results, reads: [...new Set(results.flatMap((r) => tensorsOf(r.value)))] };
}

/** Summed axes; those along which numbers of the left factor lie closest together are innermost. */
export function inOrder(axes: readonly Axis[], lhs: Expr, storages: Storages = new Map()): readonly Axis[] {
  const strides = new Map<Axis, number>();
  visit(lhs, (e) => {
    if (e.kind !== "load") return;
    for (const { atom, coefficient } of address(e.from, e.index, storages).terms)
      if (atom.kind === "axis") strides.set(atom, Math.max(strides.get(atom) ?? 0, Math.abs(coefficient)));
  });
  return axes.toSorted((a, b) => (strides.get(b) ?? 0) - (strides.get(a) ?? 0));
}
