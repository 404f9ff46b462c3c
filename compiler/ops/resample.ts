/**
 * Where the elements of a resized axis come from: of each the coordinate in the original, and which elements there count how
 * much. All sizes are known, so a coordinate is a quotient of whole numbers, (A·o + B) / D, and exact. The conventions are
 * those of ONNX's Resize (https://onnx.ai/onnx/operators/onnx__Resize.html).
 */
import { must } from "../errors.ts";
import type { Bound, Expr, Index } from "../ir/expr.ts";
import { add, constant, div, gcd, scale } from "../math/affine.ts";
import { call, guard, literal, plus, position } from "../math/build.ts";

export const MODES = ["nearest", "linear", "cubic"] as const;
export type ResizeMode = (typeof MODES)[number];

export const COORDINATES = [
  "halfPixel",
  "pytorchHalfPixel",
  "alignCorners",
  "asymmetric",
  "tfHalfPixelForNn",
  "halfPixelSymmetric",
] as const;
export type Coordinates = (typeof COORDINATES)[number];

export const ROUNDINGS = ["roundPreferFloor", "roundPreferCeil", "floor", "ceil"] as const;
export type Rounding = (typeof ROUNDINGS)[number];

/** How an axis is read: what all axes of a resize share. */
export type How = {
  readonly mode: ResizeMode;
  readonly coordinates: Coordinates;
  readonly nearest: Rounding;
  /** a of the cubic kernel (Keys, "Cubic convolution interpolation for digital image processing", 1981). */
  readonly cubicCoefficient: number;
  /** Of cubic: weights of what lies outside are left out, and the others grow to a sum of 1. */
  readonly excludeOutside: boolean;
};

/** One axis: `size` elements become `out`, the coordinate of element o is (a·o + b) / by. */
export interface Sampling {
  readonly size: number;
  readonly out: number;
  readonly a: number;
  readonly b: number;
  readonly by: number;
}

/** A factor as a quotient of whole numbers, the first of its continued fraction that f32 cannot tell from it. */
export function fraction(x: number): readonly [p: number, q: number] {
  let [p, q, p0, q0] = [Math.floor(x), 1, 1, 0];
  for (let rest = x - p; Math.abs(x - p / q) > x * 2 ** -24 && rest > 0; ) {
    const next = 1 / rest;
    const whole = Math.floor(next);
    [p, q, p0, q0] = [whole * p + p0, whole * q + q0, p, q];
    rest = next - whole;
  }
  return [p, q];
}

/** `factor`: by what the axis was asked to grow, where that was said; else its sizes say it. */
export function samplingOf(
  size: number,
  out: number,
  factor: number | undefined,
  coordinates: Coordinates,
): Sampling {
  const [p, q] = factor === undefined ? [out, size] : fraction(factor); // o / factor = o·q / p
  const [a, b, by] = coordinateOf(coordinates, p, q, size, out);
  const common = gcd(gcd(a, b), by);
  return { size, out, a: a / common, b: b / common, by: by / common };
}

function coordinateOf(
  coordinates: Coordinates,
  p: number,
  q: number,
  size: number,
  out: number,
): readonly [a: number, b: number, by: number] {
  switch (coordinates) {
    case "asymmetric":
      return [q, 0, p];
    case "alignCorners":
      return out === 1 ? [0, 0, 1] : [size - 1, 0, out - 1];
    case "tfHalfPixelForNn":
      return [2 * q, q, 2 * p];
    case "pytorchHalfPixel":
      return out === 1 ? [0, 0, 1] : [2 * q, q - p, 2 * p];
    case "halfPixel":
      return [2 * q, q - p, 2 * p];
    case "halfPixelSymmetric":
      // (o + 1/2)/f − 1/2 + size/2·(1 − out/(size·f)), of which the last term is (size·p − out·q) / (2·p)
      return [2 * q, q - p + (size * p - out * q), 2 * p];
  }
}

/** A range of places that moves: from ⌊(a·i + b) / by⌋ on, so many. */
export interface Span {
  readonly a: number;
  readonly b: number;
  readonly by: number;
  readonly count: number;
}

export const startOf = ({ a, b, by }: Span, i: Index): Index => div(add(scale(i, a), b), by);

/** Which elements of the original an element of the result reads. */
export function readBy(s: Sampling, { mode, nearest }: How): Span {
  const { a, b, by } = s;
  if (mode === "linear") return { a, b, by, count: 2 };
  if (mode === "cubic") return { a, b: b - by, by, count: 4 };
  const twice = nearest === "roundPreferCeil" || nearest === "roundPreferFloor" ? 2 : 1;
  const more = { floor: 0, ceil: by - 1, roundPreferCeil: by, roundPreferFloor: by - 1 }[nearest];
  return { a: twice * a, b: twice * b + more, by: twice * by, count: 1 };
}

/** Which elements of the result read element i of the original: the converse, found by looking at all of them. */
export function readersOf(s: Sampling, how: How): Span {
  const read = readBy(s, how);
  const inside = (j: number): number => Math.min(s.size - 1, Math.max(0, j));
  const first = Array.from({ length: s.size }, () => Number.POSITIVE_INFINITY);
  const last = Array.from({ length: s.size }, () => -1);
  for (let o = 0; o < s.out; o++) {
    const start = Math.floor((read.a * o + read.b) / read.by);
    for (let t = 0; t < read.count; t++) {
      const j = inside(start + t);
      first[j] = Math.min(must(first[j], "reader"), o);
      last[j] = o;
    }
  }
  if (read.a === 0) return { a: 0, b: 0, by: 1, count: s.out };
  // Along the line that the starts keep to; how far they lie below it, and how many there are at most, is counted.
  const line = (j: number): number => Math.floor((j * read.by) / read.a);
  const read1 = first.flatMap((o, j) =>
    Number.isFinite(o) ? [{ j, o, until: must(last[j], "reader") }] : [],
  );
  const shift = Math.min(...read1.map(({ j, o }) => o - line(j)));
  const count = Math.max(...read1.map(({ j, until }) => until - line(j) - shift + 1));
  return { a: read.by, b: shift * read.a, by: read.a, count };
}

/** |x| of a numerator, as a number of elements. */
const distance = (numerator: Expr, by: number): Expr => call("mul", call("abs", numerator), literal(1 / by));

/** Keys' kernel: ((a + 2)·d − (a + 3))·d² + 1 up to 1, a·(((d − 5)·d + 8)·d − 4) up to 2, 0 beyond. */
function keys(d: Expr, a: number): Expr {
  const [mul, sub] = [(x: Expr, y: Expr) => call("mul", x, y), (x: Expr, y: Expr) => call("sub", x, y)];
  const near = call("add", mul(mul(sub(mul(literal(a + 2), d), literal(a + 3)), d), d), literal(1));
  const inner = call("add", mul(sub(d, literal(5)), d), literal(8));
  const far = mul(literal(a), sub(mul(inner, d), literal(4)));
  return call(
    "select",
    call("less", d, literal(1)),
    near,
    call("select", call("less", d, literal(2)), far, literal(0)),
  );
}

/** The first place that is read at all, and the last one, which may lie outside the original. */
export function endsOf(s: Sampling, how: How): readonly [first: number, last: number] {
  const { a, b, by, count } = readBy(s, how);
  return [Math.floor(b / by), Math.floor((a * (s.out - 1) + b) / by) + count - 1];
}

/**
 * How much element j of the original counts for element o of the result; 0 where o does not read it. What lies outside
 * the original is its nearest element, so that the first and the last one count for those beyond them, too.
 */
export function weightOf(s: Sampling, how: How, o: Index, j: Index): Expr {
  const { size, by } = s;
  const [lowest, highest] = endsOf(s, how);
  const end = add(scale(j, -1), size - 1);
  const first: Bound = { index: j, extent: 1 };
  const last: Bound = { index: end, extent: 1 };
  if (how.mode === "nearest") {
    const read = startOf(readBy(s, how), o);
    const itself = guard([{ index: add(read, scale(j, -1)), extent: 1 }], literal(1), literal(0));
    const below: Bound = { index: scale(read, -1), extent: 1 - lowest };
    const above: Bound = { index: add(read, 1 - size), extent: highest + 2 - size };
    const from = highest < size ? itself : guard([last, above], literal(1), itself);
    return lowest < 0 ? guard([first, below], literal(1), from) : from;
  }
  const at = add(scale(o, s.a), s.b);
  /** The coordinate less an element's, as numerators: small where it matters, so that it is exact. */
  const off = (from: Index): Expr => position(add(at, scale(from, -by)));
  if (how.mode === "linear") {
    const low = s.b < 0 ? call("max", off(j), position(scale(j, -by))) : off(j);
    const isInside = s.a * (s.out - 1) + s.b <= by * (size - 1);
    const near = distance(isInside ? low : call("min", low, position(scale(end, by))), by);
    return call("max", call("sub", literal(1), near), literal(0));
  }
  const kernel = (from: Index): Expr => keys(distance(off(from), by), how.cubicCoefficient);
  if (how.excludeOutside) {
    const start = startOf(readBy(s, how), o);
    const sum = [0, 1, 2, 3]
      .map((t) => add(start, t))
      .map((from) => guard([{ index: from, extent: size }], kernel(from), literal(0)))
      .reduce((x, y) => call("add", x, y));
    return call("div", kernel(j), sum);
  }
  const beyond = (bound: Bound, ...from: readonly number[]): Expr =>
    guard([bound], from.map((i) => kernel(constant(i))).reduce(plus), literal(0));
  return [
    kernel(j),
    lowest < 0 ? beyond(first, -1, -2) : literal(0),
    highest >= size ? beyond(last, size, size + 1) : literal(0),
  ].reduce(plus);
}
