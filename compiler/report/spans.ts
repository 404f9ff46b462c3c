/**
 * What an element sees along one axis of the input, as far as that is a window which moves in steps with the
 * element's position. Where it is none, the span says so and keeps what all elements together see.
 */
import type { Dim } from "../../contract/type.ts";
import { must } from "../errors.ts";
import type { Axis, Index } from "../ir/expr.ts";
import { axesOf, axesUnder, type Range, rangeOf } from "../math/affine.ts";

export interface Span {
  /** The dimension that moves the window; −1 where none does. */
  readonly axis: number;
  /** The window is [stride · position + low, stride · position + high]. */
  readonly stride: number;
  readonly low: number;
  readonly high: number;
  /** What is seen from a position, without what lies in the padding of any layer. */
  readonly seen: (position: number) => Range;
  /** Present where there is no such window: what an element sees depends on where it is along these dimensions. */
  readonly loose?: Loose;
}

export interface Loose {
  readonly dims: ReadonlySet<number>;
  /** The layer that made it so. */
  readonly since: string;
}

/** Padding alone. */
const NOTHING: Range = { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY };
const isNothing = ({ low, high }: Range): boolean => low > high;
const hull = (a: Range, b: Range): Range => ({
  low: Math.min(a.low, b.low),
  high: Math.max(a.high, b.high),
});

/** An axis of the input itself. */
export function itself(axis: number): Span {
  return { axis, stride: 1, low: 0, high: 0, seen: (position) => ({ low: position, high: position }) };
}

function still(reach: Range): Span {
  const { low, high } = isNothing(reach) ? { low: 0, high: -1 } : reach;
  return { axis: -1, stride: 0, low, high, seen: () => reach };
}

function loosened(reach: Range, dims: Iterable<number>, since: string): Span {
  return { ...still(reach), loose: { dims: new Set(dims), since } };
}

/** The dimensions along which what is seen changes. */
function movers({ axis, loose }: Span): readonly number[] {
  return loose ? [...loose.dims] : axis < 0 ? [] : [axis];
}

/** Where a layer stands while its meaning is looked at. */
export interface Reading {
  readonly layer: string;
  /** The axes of its output. */
  readonly at: readonly Axis[];
}

/** An operand's span, seen through the index at which a layer reads it. */
export function compose(
  span: Span,
  index: readonly Index[],
  shape: readonly Dim[],
  { layer, at }: Reading,
): Span {
  const own = (d: number): readonly number[] =>
    [...axesOf(must(index[d], "index"))].map((axis) => at.indexOf(axis)).filter((i) => i >= 0);
  if (span.loose) {
    const dims = [...span.loose.dims];
    const reach = span.seen(0);
    return readsAll(dims, index, shape, at)
      ? still(reach)
      : loosened(reach, dims.flatMap(own), span.loose.since);
  }
  if (span.axis < 0) return span;
  const place = must(index[span.axis], "index");
  const last = Number(shape[span.axis]) - 1; // the batch moves no window
  const [mover, ...others] = own(span.axis);
  // Terms that share an axis do not take their ends together.
  const axes = place.terms.flatMap(({ atom }) => [...axesUnder(atom)]);
  const tangled = new Set(axes).size < axes.length;
  const term = place.terms.find((t) => t.atom === at[mover ?? -1]);
  if (mover === undefined && !tangled) return still(seenFrom(span, place, 0, last));
  if (mover === undefined || others.length > 0 || tangled || !term || term.coefficient < 0)
    return loosened(seenFrom(span, place, 0, last), own(span.axis), layer);
  const rest = { ...place, terms: place.terms.filter((t) => t !== term) };
  const { low, high } = rangeOf(rest);
  const known = new Map<number, Range>();
  return {
    axis: mover,
    stride: span.stride * term.coefficient,
    low: span.stride * low + span.low,
    high: span.stride * high + span.high,
    seen(position) {
      const reach = known.get(position) ?? seenFrom(span, rest, term.coefficient * position, last);
      known.set(position, reach);
      return reach;
    },
  };
}

/** What is seen from those of the positions 0 … last that an index takes, `shift` added. */
function seenFrom(span: Span, place: Index, shift: number, last: number): Range {
  const { low, high } = rangeOf(place);
  const [only, ...more] = place.terms;
  const step = only && only.atom.kind === "axis" && more.length === 0 ? Math.abs(only.coefficient) : 1;
  const first = low + shift + step * Math.max(0, Math.ceil(-(low + shift) / step));
  const end = high + shift - step * Math.max(0, Math.ceil((high + shift - last) / step));
  return seenBetween(span, first, end, step);
}

/** What all positions of a tensor see. */
function reachOf(span: Span, { at }: Reading): Range {
  const extent = at[span.axis]?.extent;
  return typeof extent === "number" ? seenBetween(span, 0, extent - 1, 1) : span.seen(0);
}

/**
 * What is seen from first, first + step, …, end. In the padding a later position may see lower than one before it, but
 * none sees lower than its window begins: there the search from either end is over.
 */
function seenBetween(span: Span, first: number, end: number, step: number): Range {
  let { low, high } = NOTHING;
  for (let q = first; q <= end && span.stride * q + span.low < low; q += step)
    low = Math.min(low, span.seen(q).low);
  for (let q = end; q >= first && span.stride * q + span.high > high; q -= step)
    high = Math.max(high, span.seen(q).high);
  return { low, high };
}

/** Whether each element reads all positions along these dimensions. */
function readsAll(
  dims: readonly number[],
  index: readonly Index[],
  shape: readonly Dim[],
  at: readonly Axis[],
): boolean {
  const summed = dims.map((d) => {
    if (shape[d] === 1) return d;
    const { constant, terms } = must(index[d], "index");
    const [term, ...more] = terms;
    const whole = term?.atom.kind === "axis" && term.atom.extent === shape[d] && !at.includes(term.atom);
    return whole && term.coefficient === 1 && more.length === 0 && constant === 0 ? term.atom : undefined;
  });
  return dims.length > 0 && !summed.includes(undefined) && new Set(summed).size === dims.length;
}

/** What an element sees that reads both. `choice`: the dimensions whose position decides which of the two it reads. */
export function union(a: Span, b: Span, choice: ReadonlySet<number>, reading: Reading): Span {
  const same = !a.loose && !b.loose && a.axis === b.axis && a.stride === b.stride;
  const equal = same && a.low === b.low && a.high === b.high;
  const moved = [...movers(a), ...movers(b)];
  const decided = moved.some((d) => choice.has(d)) && !equal;
  if (same && !decided) {
    const seen = (position: number): Range => hull(a.seen(position), b.seen(position));
    return a.axis < 0 ? still(seen(0)) : { ...a, ...hull(a, b), seen };
  }
  const reach = hull(reachOf(a, reading), reachOf(b, reading));
  const all = [a, b].find((s) => movers(s).length === 0 && !s.loose && covers(s, reach));
  if (all && !decided) return all;
  const since = a.loose?.since ?? b.loose?.since ?? reading.layer;
  return loosened(reach, decided ? [...moved, ...choice] : moved, since);
}

const covers = (a: Range, b: Range): boolean => a.low <= b.low && a.high >= b.high;

/** What an element sees that reads this only where its position along `dims` lets it. */
export function masked(span: Span, dims: ReadonlySet<number>, reading: Reading): Span {
  return loosened(reachOf(span, reading), [...movers(span), ...dims], span.loose?.since ?? reading.layer);
}
