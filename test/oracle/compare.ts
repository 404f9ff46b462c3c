/** Comparison of results with a reference, with a message that says where and by how much they differ. */
import type { Graph } from "../../compiler/ir/graph.ts";
import { type Arrays, type NdArray, random } from "./array.ts";
import { type EvaluateOptions, evaluate } from "./oracle.ts";

/** The relative tolerance that issue and documentation promise. */
export const RELATIVE = 1e-4;
/** Times the largest element: a value far below its neighbours is the remainder of a sum of terms of their size. */
const SMALL = 1e-6;
/** Times the shift that rounding of every stored value to f32 causes, as seen in SAMPLES trials. */
const ROUNDING = 8;
const SAMPLES = 2;
/** Numbers below the least normal f32 may be flushed to zero. */
const TINY = 2 ** -126;
const EPSILON = 2 ** -23;

/** A reference: the value, and the absolute error below which a difference means nothing. */
export interface Reference {
  readonly value: NdArray;
  readonly floor: number;
  /** Relative to the value. Absent: RELATIVE. */
  readonly relative?: number;
}

/** Options of `reference`. */
export interface ReferenceOptions extends Pick<EvaluateOptions, "custom"> {
  /**
   * Operands are shifted by up to this share of their largest element besides. Default 0. onnxruntime's sigmoid, tanh
   * and erf promise no more than an absolute error (its sigmoid(−14) is 6e-8 off, a tenth of the value).
   */
  readonly absolute?: number;
  /** The undisturbed outputs, if they are known already. */
  readonly exact?: Arrays;
  /** How often the shift is measured. Default 2: more show a larger one; 0: nothing is rounded on the way. */
  readonly samples?: number;
  /** What tensors are stored as. Default "f32". */
  readonly storage?: "f32" | "f16";
}

/** Of f16: the relative error of storing, the least step, and the tolerance. */
const HALF = { epsilon: 2 ** -11, step: 2 ** -24, relative: 4e-3, most: 65504 } as const;

/**
 * The oracle's outputs with their floors.
 *
 * f32 sums of terms of size M carry an absolute error of about M · 2⁻²⁴, whatever is left after cancellation. How
 * large M is cannot be read from the result, so it is measured: the graph is evaluated again with every operand of
 * every op, and what ops keep on the way, shifted at random by up to 2⁻²³ of its value, and the largest shift of the
 * output, times 8, is part of the floor; the other part is 1e-6 of the largest element.
 */
export function reference(
  graph: Graph,
  inputs: Arrays,
  params: Arrays,
  { absolute = 0, exact: known, storage = "f32", samples = SAMPLES, ...options }: ReferenceOptions = {},
): Record<string, Reference> {
  const stored = storage === "f16" ? HALF : { epsilon: EPSILON, step: 0, relative: RELATIVE, most: Infinity };
  let overflows = false;
  const exact = known ?? evaluate(graph, inputs, params, options);
  const next = random(1);
  const disturb = (x: NdArray): NdArray => {
    const fixed = absolute * largest(x);
    const shifted = (v: number): number => {
      const moved = v + (2 * next() - 1) * (Math.abs(v) * stored.epsilon + fixed + stored.step);
      // What is stored in steps keeps its sign, and 0.
      return stored.step > 0 && moved * v <= 0 ? 0 : moved;
    };
    overflows ||= largest(x) > stored.most;
    return { shape: x.shape, data: x.data.map(shifted) };
  };
  const round = (v: number): number => (Math.fround(v) === v ? v : v * (1 + (2 * next() - 1) * EPSILON));
  const trials = Array.from({ length: samples }, () =>
    evaluate(graph, inputs, params, { ...options, disturb, round }),
  );
  return Object.fromEntries(
    Object.entries(exact).map(([name, value]) => {
      const shifts = trials.map((t) => largestDifference(value, t[name]));
      const rounding = TINY + SMALL * largest(value) + ROUNDING * Math.max(0, ...shifts);
      // Beyond the largest f16 there is no right answer.
      const floor = overflows ? Infinity : rounding;
      return [name, { value, floor, relative: stored.relative }];
    }),
  );
}

function largest(x: NdArray): number {
  return x.data.reduce((a, v) => (Number.isFinite(v) ? Math.max(a, Math.abs(v)) : a), 0);
}

function largestDifference(a: NdArray, b: NdArray | undefined): number {
  let most = 0;
  a.data.forEach((v, i) => {
    const d = Math.abs(v - (b?.data[i] ?? Number.NaN));
    if (Number.isFinite(d)) most = Math.max(most, d);
  });
  return most;
}

/**
 * Whether the floor leaves the comparison any meaning. Where rounding alone moves the result by more than the relative
 * tolerance, f32 has no right answer (a variance of almost equal numbers, a quotient of almost zeros).
 */
export function isMeaningful(reference: Reference): boolean {
  // What f16 stores is rough: a tenth of the largest element still shows a wrong one.
  const most = (reference.relative ?? RELATIVE) > RELATIVE ? 0.1 : RELATIVE;
  return allFinite(reference) && floorShare(reference) <= most;
}

export function allFinite({ value }: Reference): boolean {
  return value.data.every(Number.isFinite);
}

/** The floor as a share of the largest element. */
export function floorShare({ value, floor }: Reference): number {
  return Math.max(0, floor - TINY) / (largest(value) + TINY);
}

export interface Result {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** Undefined where equal within tolerance, else a text with the first, the worst and the number of differences. */
export function difference(
  got: Result,
  { value: want, floor, relative: share = RELATIVE }: Reference,
): string | undefined {
  if (got.shape.length !== want.shape.length || got.shape.some((d, i) => d !== want.shape[i]))
    return `shape [${got.shape.join(", ")}], expected [${want.shape.join(", ")}]`;
  if (got.data.length !== want.data.length)
    return `${got.data.length} values for shape [${got.shape.join(", ")}]`;
  const wrong: { readonly i: number; readonly error: number }[] = [];
  want.data.forEach((w, i) => {
    const g = got.data[i] ?? Number.NaN;
    const allowed = share * Math.abs(w) + floor;
    const error = g === w ? 0 : Math.abs(g - w) / allowed;
    if (!(error <= 1)) wrong.push({ i, error: Number.isNaN(error) ? Number.POSITIVE_INFINITY : error });
  });
  const [first] = wrong;
  if (first === undefined) return undefined;
  const worst = wrong.reduce((a, b) => (b.error > a.error ? b : a));
  const line = (what: string, { i, error }: typeof first): string => {
    const [g, w] = [got.data[i] ?? Number.NaN, want.data[i] ?? Number.NaN];
    const relative = Math.abs(g - w) / Math.abs(w);
    return `  ${what} at [${positionOf(i, want.shape).join(", ")}]: got ${g}, expected ${w} (relative error ${relative.toExponential(1)}, ${error.toFixed(1)} × the tolerance)`;
  };
  return [
    `${wrong.length} of ${want.data.length} values differ (tolerance ${share} relative + ${floor.toExponential(1)})`,
    line("first", first),
    line("worst", worst),
  ].join("\n");
}

function positionOf(i: number, shape: readonly number[]): readonly number[] {
  const at: number[] = [];
  let rest = i;
  for (const d of shape.toReversed()) {
    at.unshift(rest % d);
    rest = Math.floor(rest / d);
  }
  return at;
}

/** The differences of all outputs, as one text; undefined where there are none. */
export function differences(
  got: Readonly<Record<string, Result>>,
  want: Readonly<Record<string, Reference>>,
): string | undefined {
  const texts = Object.entries(want).flatMap(([name, ref]) => {
    const result = got[name];
    const text = result ? difference(result, ref) : "is missing";
    return text === undefined ? [] : [`output ${name}: ${text}`];
  });
  return texts.length > 0 ? texts.join("\n") : undefined;
}
