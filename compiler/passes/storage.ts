/** Which tensors lie in memory as somebody outside of the kernels expects it. */
import type { Graph, Node } from "../ir/graph.ts";

/** Tensors whose results overwrite others: from the value to the state whose buffer holds it. */
export type InPlace = ReadonlyMap<Node, Node>;

/**
 * The tensors whose buffers the host reads or fills as they are: inputs, and whatever holds an output, be it a parameter,
 * a value that is computed once, what an output merely reshapes, or a state that an output's value overwrites. They are
 * row-major, f32 and in a buffer. This is the one question that layouts, f16, baking and memory reuse ask.
 */
export function seenByHost(
  { inputs, outputs }: Graph,
  aliases: ReadonlyMap<Node, Node>,
  inPlace: InPlace,
): ReadonlySet<Node> {
  const seen = new Set(inputs.map((i) => i.node));
  for (const { node } of outputs) {
    const held = aliases.get(node) ?? node;
    seen.add(held);
    const state = inPlace.get(held);
    if (state) seen.add(state);
  }
  return seen;
}
