/**
 * Where a sum of products begins and ends along an axis: a window that lies in part beside a picture adds nothing there. A product
 * is 0 where a factor is guarded and its guard fails; the tensor of a padded factor says by its meaning where it is 0.
 */
import type { Axis, Bound, Expr, Index } from "../ir/expr.ts";
import { isKnown } from "../ir/type.ts";
import type { Value } from "../ir/value.ts";
import { add, axesOf, constant, rangeOf, scale, substitute as substituteIndex } from "../math/affine.ts";
import { opContext, substitute } from "../math/build.ts";
import { apply, indexValue, int, least } from "../math/value.ts";
import type { Builder, Span } from "./builder.ts";
import type { Held, Vector } from "./threads.ts";

/** The bounds outside of which a value is 0. */
export function nonzeroWithin(e: Expr): readonly Bound[] {
  if (e.kind === "guard" && e.otherwise.kind === "const" && e.otherwise.value === 0)
    return [...e.bounds, ...nonzeroWithin(e.then)];
  if (e.kind !== "load" || e.from.kind !== "op") return [];
  const context = opContext(e.from);
  const meaning = e.from.op.define(e.from.attrs, context);
  if (meaning.kind !== "guard") return [];
  return nonzeroWithin(
    substitute(meaning, new Map(context.at.map((axis, d) => [axis, e.index[d] ?? constant(0)]))),
  );
}

/**
 * Of summed axes those that need not be walked as a whole, and from where to where: up to the steps at which any of a thread's
 * positions is within all bounds. Each axis by itself; the others' ends are not known where it begins.
 */
export function spansOf(
  builder: Builder,
  summed: readonly Axis[],
  bounds: readonly Bound[],
  held: readonly Held[],
  vector: Vector | undefined,
): ReadonlyMap<Axis, Span> {
  const spans = new Map<Axis, Span>();
  for (const axis of summed) {
    if (!isKnown(axis.extent) || axis === vector?.axis) continue;
    const ends = bounds.flatMap((bound) => endsOf(axis, summed, bound, held, vector) ?? []);
    const starts = ends.map((e) => e.start).filter((i) => rangeOf(i).high > 0);
    const stops = ends.map((e) => e.end).filter((i) => rangeOf(i).low < Number(axis.extent));
    if (starts.length + stops.length === 0) continue;
    const most = (a: Value, b: Value): Value => apply("max", a, b);
    spans.set(axis, {
      start: builder.let(`${axis.name}first`, starts.map(indexValue).reduce(most, int(0))),
      end: builder.let(`${axis.name}end`, stops.map(indexValue).reduce(least, int(axis.extent))),
    });
  }
  return spans;
}

/** Where an index that counts an axis up or down by 1 enters and leaves a bound, for the first and the last of the positions. */
function endsOf(
  axis: Axis,
  summed: readonly Axis[],
  { index, extent }: Bound,
  held: readonly Held[],
  vector: Vector | undefined,
): { readonly start: Index; readonly end: Index } | undefined {
  const slope = index.terms.find((t) => t.atom === axis)?.coefficient;
  if ((slope !== 1 && slope !== -1) || !isKnown(extent)) return undefined;
  const rest = substituteIndex(index, new Map([[axis, constant(0)]]));
  const isFree = [...axesOf(rest)].every((a) => !summed.includes(a));
  if (!isFree || rest.terms.some((t) => t.atom.kind !== "axis")) return undefined;
  const places = placesOf(rest, held, vector);
  const [first] = places;
  const away = places.map((p) => (first ? add(p, scale(first, -1)) : p));
  if (!first || away.some((d) => d.terms.length > 0)) return undefined;
  const low = add(first, Math.min(...away.map((d) => d.constant)));
  const high = add(first, Math.max(...away.map((d) => d.constant)));
  // 0 ≤ place + step < extent, and 0 ≤ place − step < extent.
  return slope === 1
    ? { start: scale(high, -1), end: add(scale(low, -1), extent) }
    : { start: add(low, 1 - extent), end: add(high, 1) };
}

/** An index at the positions that a thread holds. */
function placesOf(index: Index, held: readonly Held[], vector: Vector | undefined): readonly Index[] {
  let places: readonly Index[] = [index];
  for (const { axis, at } of held)
    if (axesOf(index).has(axis))
      places = places.flatMap((p) => at.map((i) => substituteIndex(p, new Map([[axis, i]]))));
  if (!vector || !places.some((p) => axesOf(p).has(vector.lane))) return places;
  const ends = [0, Number(vector.lane.extent) - 1];
  return places.flatMap((p) => ends.map((l) => substituteIndex(p, new Map([[vector.lane, constant(l)]]))));
}
