/** Inputs and parameters for a graph: seeded, each value exactly an f32. */
import type { Graph } from "../../compiler/ir/graph.ts";
import { type NdArray, random, randomArray } from "../oracle/array.ts";

export interface Data {
  readonly inputs: Readonly<Record<string, NdArray>>;
  readonly params: Readonly<Record<string, NdArray>>;
}

/**
 * Inputs are uniform in ±scale. Weights are uniform with variance 1/fanIn, so that values keep their size from layer
 * to layer; variances are positive; everything else is uniform in ±1.
 */
export function dataFor(graph: Graph, batch: number, seed: number, scale = 1): Data {
  const next = random(seed);
  const inputs = graph.inputs.map(({ name, node }): [string, NdArray] => [
    name,
    randomArray(
      node.type.shape.map((d) => (d === "N" ? batch : d)),
      next,
      -scale,
      scale,
    ),
  ]);
  const params = graph.nodes.flatMap((node): [string, NdArray][] => {
    if (node.kind !== "param") return [];
    const shape = node.type.shape.map((d) => (d === "N" ? batch : d));
    const fanIn = shape.slice(1).reduce((a, d) => a * d, 1);
    const bound = node.origin.name.endsWith(".weight") && shape.length > 1 ? Math.sqrt(3 / fanIn) : 1;
    const low = node.origin.name.endsWith(".running_var") ? 0.3 : -bound;
    return [[node.origin.name, randomArray(shape, next, low, bound)]];
  });
  return { inputs: Object.fromEntries(inputs), params: Object.fromEntries(params) };
}
