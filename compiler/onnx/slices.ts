/** Slices as ONNX says them: for what is folded, and what the model computes. */
import type { Call } from "./call.ts";
import { axisOf, range } from "./rows/row.ts";
import { refuse } from "./value.ts";

/** Where a slice begins and ends, as ONNX clamps it. */
export function sliceOf(
  size: number,
  start: number,
  end: number,
  step: number,
): { readonly start: number; readonly count: number } {
  const within = (x: number, low: number, high: number): number =>
    Math.min(Math.max(x < 0 ? x + size : x, low), high);
  const [from, to] =
    step > 0
      ? [within(start, 0, size), within(end, 0, size)]
      : [within(start, 0, size - 1), within(end, -1, size - 1)];
  return { start: from, count: Math.max(0, Math.ceil((to - from) / step)) };
}

/** What Slice is given, by attributes until opset 9 and operands since. */
export function slicesOf(
  call: Call,
  rank: number,
): readonly { readonly axis: number; readonly start: number; readonly end: number; readonly step: number }[] {
  const old = call.opset < 10;
  const starts = (old ? call.ints("starts") : call.numbers(1, "starts")) ?? refuse("starts are missing");
  const ends = (old ? call.ints("ends") : call.numbers(2, "ends")) ?? refuse("ends are missing");
  const axes = (old ? call.ints("axes") : call.numbers(3, "axes")) ?? range(0, starts.length);
  const steps = old ? undefined : call.numbers(4, "steps");
  return axes.map((axis, i) => ({
    axis: axisOf(axis, rank),
    start: starts[i] ?? 0,
    end: ends[i] ?? 0,
    step: steps?.[i] ?? 1,
  }));
}
