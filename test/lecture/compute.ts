/** What the lecture's tests share: nested lists in, one tensor computed on the adapter, nested lists out. */
import { model, type Tensor } from "weftgpu";
import { tensorOf } from "../../compiler/dsl/tensor.ts";
import type { Node } from "../../compiler/ir/graph.ts";
import { topologicalOrder } from "../../compiler/ir/graph.ts";
import { type Arrays, ndarray, sizeOf } from "../oracle/array.ts";
import { runWeft } from "../oracle/weft.ts";

export type Nested = number | readonly Nested[];

/** Computes y on the adapter. `given` holds its inputs and parameters by name (a layer's own: `conv2d1.weight`). */
export async function compute(y: Tensor, given: Readonly<Record<string, Nested>>): Promise<Nested> {
  const found = topologicalOrder([y.node]).filter((n: Node) => n.kind === "input");
  const inputs = Object.fromEntries(found.map((n) => [n.origin.name, tensorOf(n)]));
  const { graph } = model("lecture", inputs, { y });
  const arrays: Arrays = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, ndarray(shapeOf(value), flat(value))]),
  );
  const results = await runWeft(graph, arrays, arrays);
  const result = results["y"];
  if (!result) throw new Error("y was not computed");
  return nested(result.shape, result.data);
}

export function shapeOf(value: Nested): readonly number[] {
  if (typeof value === "number") return [];
  return [value.length, ...shapeOf(value[0] ?? 0)];
}

export function flat(value: Nested): readonly number[] {
  return typeof value === "number" ? [value] : value.flatMap(flat);
}

export function nested(shape: readonly number[], data: ArrayLike<number>, from = 0): Nested {
  const [first, ...rest] = shape;
  if (first === undefined) return (data[from] ?? Number.NaN) + 0; // no −0
  return Array.from({ length: first }, (_, i) => nested(rest, data, from + i * sizeOf(rest)));
}

/** 0, 1, 2, … in a shape, from `start`. */
export function arange(shape: readonly number[], start = 0): Nested {
  return nested(
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) => i + start),
  );
}

export const full = (shape: readonly number[], value: number): Nested =>
  nested(shape, new Array<number>(sizeOf(shape)).fill(value));
