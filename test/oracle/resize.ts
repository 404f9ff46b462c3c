/** Resizing one axis after the other, as the text of ONNX's Resize has it. */
import { build, get, type NdArray } from "./array.ts";
import { numberOf, type Op } from "./op.ts";

/** An axis that is resized: to what, and by which factor. */
export interface Axis {
  readonly axis: number;
  readonly size: number;
  readonly out: number;
  readonly factor: number;
}

/** The axes that attributes name: the last ones, or every one behind [N, channels]. */
export function axesOf(attrs: Op["attrs"], shape: readonly number[]): readonly Axis[] {
  const wanted = attrs["size"] ?? attrs["scale"];
  const list = Array.isArray(wanted) ? wanted.map(Number) : shape.slice(2).map(() => Number(wanted));
  return list.map((value, i) => {
    const axis = shape.length - list.length + i;
    const size = shape[axis] ?? 0;
    const isSize = attrs["size"] !== null;
    const out = isSize ? value : Math.floor(size * value + 1e-9);
    return { axis, size, out, factor: isSize ? value / size : value };
  });
}

/** Where element o lies in the original; halves, which are rounded, are whole halves. */
export function coordinateOf(mode: unknown, o: number, { size, out, factor }: Axis): number {
  const half = (o + 0.5) / factor - 0.5;
  const at =
    mode === "asymmetric"
      ? o / factor
      : mode === "alignCorners"
        ? out === 1
          ? 0
          : (o * (size - 1)) / (out - 1)
        : mode === "tfHalfPixelForNn"
          ? half + 0.5
          : mode === "pytorchHalfPixel"
            ? out > 1
              ? half
              : 0
            : mode === "halfPixelSymmetric"
              ? (size / 2) * (1 - out / (size * factor)) + half
              : half;
  const near = Math.round(2 * at) / 2;
  return Math.abs(at - near) < 1e-9 ? near : at;
}

function nearest(mode: unknown, at: number): number {
  if (mode === "floor") return Math.floor(at);
  if (mode === "ceil") return Math.ceil(at);
  return mode === "roundPreferCeil" ? Math.floor(at + 0.5) : Math.ceil(at - 0.5);
}

/** Which elements count how much for o; places outside are not yet moved inside. */
function weightsOf(attrs: Op["attrs"], o: number, a: Axis): readonly (readonly [number, number])[] {
  const at = coordinateOf(attrs["coordinates"], o, a);
  if (attrs["mode"] === "nearest") return [[nearest(attrs["nearest"], at), 1]];
  const floor = Math.floor(at);
  if (attrs["mode"] === "linear")
    return [
      [floor, 1 - (at - floor)],
      [floor + 1, at - floor],
    ];
  const k = numberOf(attrs, "cubicCoefficient");
  const cubic = (x: number): number =>
    x <= 1 ? (k + 2) * x ** 3 - (k + 3) * x ** 2 + 1 : x < 2 ? k * (x ** 3 - 5 * x ** 2 + 8 * x - 4) : 0;
  const all = [-1, 0, 1, 2].map((t) => [floor + t, cubic(Math.abs(at - floor - t))] as const);
  if (attrs["excludeOutside"] !== true) return all;
  const inside = all.filter(([j]) => j >= 0 && j < a.size);
  const sum = inside.reduce((s, [, w]) => s + w, 0);
  return inside.map(([j, w]) => [j, w / sum]);
}

/** Each axis by itself: Σ weights · elements, of what lies outside the nearest one. */
export function resize({ attrs, inputs: [x] }: Op): NdArray {
  if (!x) throw new Error("resize: missing operand");
  return axesOf(attrs, x.shape).reduce((y, a) => {
    const weights = Array.from({ length: a.out }, (_, o) => weightsOf(attrs, o, a));
    return build(
      y.shape.map((d, i) => (i === a.axis ? a.out : d)),
      (at) =>
        (weights[at[a.axis] ?? 0] ?? []).reduce((sum, [j, w]) => {
          const inside = Math.min(a.size - 1, Math.max(0, j));
          return (
            sum +
            w *
              get(
                y,
                at.map((p, i) => (i === a.axis ? inside : p)),
              )
          );
        }, 0),
    );
  }, x);
}
