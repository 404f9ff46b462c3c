/** Which tensors are stored in fewer bits. What is computed stays f32: sums lose nothing by it. */
import type { QuantisedType } from "../../contract/quantised.ts";
import { UserError } from "../errors.ts";
import type { Graph, Node } from "../ir/graph.ts";
import type { StorageType } from "../ir/storage.ts";

/** How numbers are stored. */
export interface Narrowing {
  readonly precision: "f32" | "f16";
  /** What weights are quantised to. Absent: they have the precision. */
  readonly quantise?: QuantisedType | undefined;
}

/**
 * The types of weights and of what a run computes (`computed`), unless the host sees them (`seen`): whoever gives or takes them has f32. So are
 * parameters of one axis, constants, and what is computed once from parameters: they are small, and variances want the range. Throws `UserError` for a training step.
 */
export function narrowed(
  graph: Graph,
  { precision, quantise }: Narrowing,
  computed: readonly Node[],
  seen: ReadonlySet<Node>,
): ReadonlyMap<Node, StorageType> {
  if (graph.updates && quantise)
    throw new UserError({
      problem: `${graph.name} cannot be trained with weights in ${quantise}`,
      rule: "to quantise is for inference: updates are smaller than its steps",
      fix: "train in f32; its weights are quantised where they are loaded",
    });
  if (graph.updates && precision === "f16")
    throw new UserError({
      problem: `${graph.name} cannot be trained in f16`,
      rule: 'the precision "f16" is for inference',
      fix: "train in f32; its weights run in f16",
    });
  // A constant may hold what marks a place, such as −10³⁰, beside small numbers.
  const weights = graph.nodes.filter((n) => n.kind === "param" && n.use !== "constant");
  const wide = (node: Node): boolean => node.type.shape.length > 1 && node.type.dtype === "f32";
  const types = [
    ...weights.map((node) => [node, quantise ?? precision] as const),
    ...computed.map((node) => [node, precision] as const),
  ];
  return new Map(types.filter(([node]) => wide(node) && !seen.has(node)));
}
