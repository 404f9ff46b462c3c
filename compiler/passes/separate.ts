/**
 * Ops whose meaning holds several contractions: the gradient of a product of a parameter with itself, or a user's op. A
 * kernel has one accumulator, so each contraction but the last becomes a tensor of its own.
 */
import { must } from "../errors.ts";
import type { Axis, Bound, Expr, OpContext, Reduce } from "../ir/expr.ts";
import type { Node, OpDef, OpNode } from "../ir/graph.ts";
import { axesOf, axisIndex, batchFirst, newAxis } from "../math/affine.ts";
import {
  children,
  freeAxes,
  guard,
  literal,
  load,
  mapChildren,
  opContext,
  reduce,
  substitute,
} from "../math/build.ts";
import { derivedNode, suffixed } from "../ops/derived.ts";
import { ops } from "../ops/index.ts";
import { contractionsOf } from "./analysis.ts";

/** Weft's own ops hold one contraction at most. */
const own: ReadonlySet<OpDef> = new Set<OpDef>(Object.values(ops));

/** The op over stored contractions; undefined where it holds one at most. */
export function separated(node: OpNode): Node | undefined {
  if (own.has(node.op)) return undefined;
  const meaning = (context: OpContext): Expr =>
    node.op.define(node.attrs, { ...context, inputs: node.inputs, shape: node.type.shape });
  const count = apartFrom(meaning(opContext(node))).length;
  if (count === 0) return undefined;
  const parts = Array.from({ length: count }, (_, i): Node => {
    const { axes } = must(apartFrom(meaning(opContext(node)))[i], "contraction");
    const type = { dtype: node.type.dtype, shape: axes.map((a) => a.extent) };
    return derivedNode(`${node.op.name}.part`, type, suffixed(node.origin, `part${i + 1}`), ({ at }) => {
      const part = must(apartFrom(meaning(opContext(node)))[i], "contraction");
      const places = new Map(part.axes.map((a, d) => [a, axisIndex(must(at[d], "axis"))]));
      return substitute(guard(part.bounds, renamed(part.sum), literal(0)), places);
    });
  });
  const value = derivedNode(node.op.name, node.type, node.origin, (context) => {
    const whole = meaning(context);
    const stored = new Map(
      apartFrom(whole).map(({ sum, axes }, i): [Expr, Expr] => [
        sum,
        load(must(parts[i], "part"), axes.map(axisIndex)),
      ]),
    );
    const put = (e: Expr): Expr => stored.get(e) ?? mapChildren(e, put);
    return put(whole);
  });
  return { ...value, op: { ...value.op, summary: (...args) => node.op.summary(...args) } };
}

/** A contraction, the guards that it stands under, and the axes that both depend on: N first. */
interface Part {
  readonly sum: Reduce;
  readonly bounds: readonly Bound[];
  readonly axes: readonly Axis[];
}

/** All contractions of an expression but the last. */
function apartFrom(whole: Expr): readonly Part[] {
  return contractionsOf(whole)
    .slice(0, -1)
    .map((sum) => {
      const bounds = boundsAround(whole, sum);
      const free = new Set([...freeAxes(sum), ...bounds.flatMap((b) => [...axesOf(b.index)])]);
      return { sum, bounds, axes: batchFirst([...free].toSorted((a, b) => a.id - b.id)) };
    });
}

/** The bounds that hold wherever a part of an expression is looked at. */
function boundsAround(whole: Expr, part: Expr): readonly Bound[] {
  let common: readonly Bound[] | undefined;
  const walk = (e: Expr, bounds: readonly Bound[]): void => {
    if (e === part) {
      common = (common ?? bounds).filter((b) =>
        bounds.some((o) => o.index === b.index && o.extent === b.extent),
      );
    } else if (e.kind === "guard") {
      walk(e.then, [...bounds, ...e.bounds]);
      walk(e.otherwise, bounds);
    } else for (const child of children(e)) walk(child, bounds);
  };
  walk(whole, []);
  return common ?? [];
}

/** The same sum over axes that no other expression has. */
function renamed({ op, axes, body }: Reduce): Expr {
  const fresh = axes.map((a) => newAxis(a.name, a.extent));
  const places = new Map(axes.map((a, i) => [a, axisIndex(must(fresh[i], "axis"))]));
  return reduce(op, fresh, substitute(body, places));
}
