/** Long reductions that take as many terms at once as a vector has lanes. */
import { must } from "../errors.ts";
import type { Axis, Expr, Index, Reduce, ReduceOp } from "../ir/expr.ts";
import type { Storages } from "../ir/storage.ts";
import { isKnown, lengthOf } from "../ir/type.ts";
import type { Value, Variable, Width } from "../ir/value.ts";
import { add, axesOf, axisIndex, newAxis, scale } from "../math/affine.ts";
import { freeAxes, substitute, visit } from "../math/build.ts";
import { address } from "../math/layout.ts";
import { component, compose, float, splat } from "../math/value.ts";
import type { Builder } from "./builder.ts";
import { combine, NOTHING, nestInBlocks, type Sum, startOf } from "./sums.ts";

/** What evaluates expressions. */
interface Evaluating extends Builder {
  value(e: Expr): Value;
  /** A reduction, and others that are evaluated with it. */
  besides(e: Reduce): readonly Reduce[];
  take(op: ReduceOp, into: Variable, term: Value): void;
}

/** A reduced axis along which all that is read lies side by side, or is the same; undefined where there is none. */
export function sideBySide({ axes, body }: Reduce, storages: Storages): Axis | undefined {
  const strides = new Map<Axis, number[]>(axes.map((a) => [a, []]));
  visit(body, (x) => {
    if (x.kind !== "load") return;
    const at = address(x.from, x.index, storages);
    for (const [axis, all] of strides) {
      const term = at.terms.find((t) => t.atom === axis);
      all.push(term?.coefficient ?? (axesOf(at).has(axis) ? Number.NaN : 0));
    }
  });
  const isSideBySide = (all: readonly number[]): boolean =>
    all.includes(1) && all.every((s) => s === 0 || s === 1);
  return axes.find((a) => isKnown(a.extent) && a.extent >= 4 && isSideBySide(strides.get(a) ?? []));
}

/** A reduction of which each lane takes every fourth term along an axis; what is left over goes in the first one. */
export function reduceInLanes(lowering: Evaluating, e: Reduce, along: Axis, lane: Axis): Value {
  const width = lane.extent as Width;
  const others = e.axes.filter((a) => a !== along);
  const extent = lengthOf(along.extent);
  const [whole, left] = [Math.floor(extent / width), extent % width];
  return lowering.at(lowering.depthOfAll(freeAxes(e)), () => {
    const all = lowering.besides(e).map((reduction) => ({
      reduction,
      total: lowering.var(e.op, float(startOf(e.op), width)),
    }));
    const sum: Sum = e.op === "sum" ? { into: all.map((a) => a.total), each: 1, levels: 2 } : NOTHING;
    const takeAll = (axis: Axis, place: Index, put: (term: Value) => Value): void =>
      nestInBlocks(lowering, [...others, axis], sum, (into) => {
        all.forEach(({ reduction, total }, i) => {
          const term = lowering.value(substitute(reduction.body, new Map([[along, place]])));
          lowering.take(e.op, into[i] ?? total, put(term));
        });
      });
    const blocks = newAxis(along.name, whole);
    takeAll(blocks, add(scale(axisIndex(blocks), width), axisIndex(lane)), (term) => splat(term, width));
    if (left > 0) {
      const rest = newAxis(along.name, left);
      const first = (term: Value): Value =>
        compose(Array.from({ length: width }, (_, l) => (l === 0 ? term : float(startOf(e.op)))));
      takeAll(rest, add(axisIndex(rest), whole * width), first);
    }
    for (const { reduction, total } of all) {
      const lanes = Array.from({ length: width }, (_, l) => component(total, l));
      lowering.remember(
        reduction,
        lowering.let(
          e.op,
          lanes.reduce((a, b) => combine(e.op, a, b)),
        ),
      );
    }
    return must(lowering.lookup(e), "total");
  });
}
