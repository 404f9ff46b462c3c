/** Pools that ONNX has no operator for, or for some of their options alone. */
import { isKnown } from "../../ir/type.ts";
import { positions, span, type Window, type WindowAttrs, windows } from "../../ops/geometry.ts";
import { floatTensor, int, ints } from "./message.ts";
import {
  list,
  listOf,
  numberOf,
  reduced,
  scalar,
  shapeOf,
  type Translate,
  type Translation,
} from "./translation.ts";

const sizesOf = (t: Translation): readonly number[] => shapeOf(t).slice(2).map(Number);

/** Σ|x|^p over windows is a convolution with ones of each channel; what ceilMode lets hang over the edge is padding. */
export const lpPool: Translate = (t) => {
  const { attrs } = t.node;
  const [x = ""] = t.inputs;
  const p = numberOf(attrs, "p");
  const ws = windows(attrs as WindowAttrs, sizesOf(t)); // ops of windows have these
  const channels = Number(shapeOf(t)[1]);
  const kernel = ws.map((w) => w.kernel);
  const count = channels * kernel.reduce((a, k) => a * k, 1);
  const ones = t.constant((name) =>
    floatTensor(name, [channels, 1, ...kernel], new Float32Array(count).fill(1)),
  );
  const powers =
    p === 1 ? t.emit("Abs", [x]) : p === 2 ? t.emit("Mul", [x, x]) : power(t, t.emit("Abs", [x]), p);
  const sum = t.emit(
    "Conv",
    [powers, ones],
    int("group", channels),
    ints(
      "strides",
      ws.map((w) => w.stride),
    ),
    ints(
      "dilations",
      ws.map((w) => w.dilation),
    ),
    ints("pads", [
      ...ws.map((w) => w.before),
      ...ws.map((w, i) => endOf(w, sizesOf(t)[i] ?? 1, attrs["ceilMode"] === true)),
    ]),
  );
  return p === 1 ? sum : p === 2 ? t.emit("Sqrt", [sum]) : power(t, sum, 1 / p);
};

const power = (t: Translation, x: string, by: number): string => t.emit("Pow", [x, scalar(t, by)]);

/** How much stands behind the input, so that the last window ends where it does. */
function endOf(w: Window, size: number, ceil: boolean): number {
  return Math.max(w.after, (positions(size, w, ceil) - 1) * w.stride + span(w) - size - w.before);
}

/**
 * Windows side by side where the sizes divide. Else, axis by axis, the elements of all windows are gathered: of a shorter one
 * its last one again, which a maximum does not mind and an average weighs with 0.
 */
export const adaptivePool =
  (pool: "AveragePool" | "MaxPool"): Translate =>
  (t) => {
    const [given = ""] = t.inputs;
    const [sizes, wanted] = [sizesOf(t), listOf(t.node.attrs, "size")];
    const kernel = sizes.map((n, i) => n / (wanted[i] ?? 1));
    if (kernel.every(Number.isInteger))
      return t.emit(pool, [given], ints("kernel_shape", kernel), ints("strides", kernel));
    const shape = shapeOf(t).map((d) => (isKnown(d) ? d : 0)); // 0: as it is
    return sizes.reduce((x, n, i) => {
      const [axis, out] = [i + 2, wanted[i] ?? 1];
      const ends = Array.from(
        { length: out },
        (_, o) => [Math.floor((o * n) / out), Math.ceil(((o + 1) * n) / out)] as const,
      );
      const most = Math.max(...ends.map(([from, to]) => to - from));
      const taps = ends.map(([from, to]) =>
        Array.from({ length: most }, (_, k) => Math.min(from + k, to - 1)),
      );
      const all = t.emit("Gather", [x, list(t, taps.flat())], int("axis", axis));
      shape.splice(axis, 1, out);
      const apart = t.emit("Reshape", [all, list(t, shape.toSpliced(axis + 1, 0, most))]);
      if (pool === "MaxPool") return reduced(t, "ReduceMax", apart, [axis + 1], false);
      const weights = ends.flatMap(([from, to]) =>
        Array.from({ length: most }, (_, k) => (k < to - from ? 1 / (to - from) : 0)),
      );
      const form = [out, most, ...shape.slice(axis + 1).map(() => 1)];
      const weighed = t.emit("Mul", [apart, t.constant((name) => floatTensor(name, form, weights))]);
      return reduced(t, "ReduceSum", weighed, [axis + 1], false);
    }, given);
  };
