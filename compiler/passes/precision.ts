/** Which tensors are stored as f16. What is computed stays f32: sums lose nothing by it. */
import { UserError } from "../errors.ts";
import type { Graph, Node } from "../ir/graph.ts";

/**
 * Of weights and of what a run computes (`computed`): weights and what lies between kernels, unless the host sees them (`seen`): whoever gives or takes them has f32. So are
 * parameters of one axis, and what is computed once from parameters: they are small, and variances want the range. Throws `UserError` for a training step.
 */
export function storedAsHalves(
  graph: Graph,
  computed: readonly Node[],
  seen: ReadonlySet<Node>,
): ReadonlySet<Node> {
  if (graph.updates)
    throw new UserError({
      problem: `${graph.name} cannot be trained in f16`,
      rule: 'the precision "f16" is for inference',
      fix: "train in f32; its weights run in f16",
    });
  const weights = graph.nodes.filter((n) => n.kind === "param");
  const wide = (node: Node): boolean => node.type.shape.length > 1 && node.type.dtype === "f32";
  return new Set([...weights, ...computed].filter((node) => wide(node) && !seen.has(node)));
}
