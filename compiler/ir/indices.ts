/** Inputs of whole numbers that say where an op reads. */
import type { Dim } from "../../contract/type.ts";
import type { Graph, Node } from "./graph.ts";
import { rowsOf } from "./storage.ts";
import { boundOf, elements } from "./type.ts";

/** For each input whose numbers are some op's indices, however they are arranged: what all of them stay below. */
export function indexBounds({ nodes }: Pick<Graph, "nodes">): ReadonlyMap<Node, Dim> {
  const bounds = new Map<Node, Dim>();
  for (const node of nodes) {
    const where =
      node.kind === "op"
        ? node.op.where?.(
            node.attrs,
            node.inputs.map((i) => i.type),
          )
        : undefined;
    const indices = where && node.kind === "op" ? sourceOf(node.inputs[where.operand]) : undefined;
    if (!where || indices?.kind !== "input") continue;
    const known = bounds.get(indices);
    if (known === undefined || boundOf(where.below) < boundOf(known)) bounds.set(indices, where.below);
  }
  return bounds;
}

/** What only rearranges all elements of a node has the same numbers: `reshape`, `transpose`. So have rows drawn from a data set. */
function sourceOf(node: Node | undefined): Node | undefined {
  const [data] = node?.kind === "op" ? node.inputs : [];
  if (data && rowsOf(data)) return data;
  const [from, ...others] = node?.kind === "op" && node.op.moves ? node.inputs : [];
  const whole =
    from && others.length === 0 && node && same(elements(from.type.shape), elements(node.type.shape));
  return whole ? sourceOf(from) : node;
}

const same = (a: ReturnType<typeof elements>, b: ReturnType<typeof elements>): boolean =>
  a.fixed === b.fixed && a.perBatch === b.perBatch;
