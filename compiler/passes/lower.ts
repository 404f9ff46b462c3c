/** Region → Kernel: divided axes are split so that indices are affine, and axes are classified by role. */

import { InternalError, must } from "../errors.ts";
import type { Axis, Expr, Reduce } from "../ir/expr.ts";
import type { Kernel } from "../ir/kernel.ts";
import { nameOf, type Region, type Result } from "../ir/region.ts";
import { axisIndex } from "../math/affine.ts";
import { accumulator, freeAxes, mapChildren, tensorsOf } from "../math/build.ts";
import { splitAxes } from "../math/splitAxes.ts";
import { contractionsOf, factorsOf } from "./analysis.ts";

export function lower(region: Region): Kernel {
  const { results, axes } = splitAxes(region);
  const space = axes.filter((a) => a.extent !== 1);
  const values = results.map((r) => r.value);
  const base = { region, space, reads: [...new Set(values.flatMap(tensorsOf))] };
  const sums = new Set(values.flatMap(contractionsOf));
  if (sums.size > 1) throw new InternalError(`${nameOf(region)}: ${sums.size} contractions in one region`);
  const [sum] = sums;
  if (sum === undefined) return { ...base, kind: "mapReduce", results };
  return { ...base, kind: "contraction", ...contraction(results, sum, space) };
}

function contraction(results: readonly Result[], sum: Reduce, space: readonly Axis[]) {
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
    results: results.map((r) => ({ ...r, value: put(r.value) })),
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
