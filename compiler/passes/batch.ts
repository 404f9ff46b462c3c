/** Puts a number in for N throughout a graph. */
import { UserError } from "../errors.ts";
import { type Attrs, type AttrValue, type Graph, mapGraph } from "../ir/graph.ts";
import { withBatch } from "../ir/type.ts";

/** Throws `UserError` if the batch is not a whole number of at least 1. */
export function bindBatch(graph: Graph, batch: number): Graph {
  if (!Number.isInteger(batch) || batch < 1) {
    throw new UserError({
      problem: `the batch size is ${batch}`,
      rule: "a batch is a whole number of at least 1",
    });
  }
  return mapGraph(graph, (node) => {
    const type = { ...node.type, shape: withBatch(node.type.shape, batch) };
    return node.kind === "op" ? { ...node, type, attrs: boundAttrs(node.attrs, batch) } : { ...node, type };
  });
}

function boundAttrs(attrs: Attrs, batch: number): Attrs {
  return Object.fromEntries(
    Object.entries(attrs).map(([k, v]) => [
      k,
      Array.isArray(v) ? v.map((x: AttrValue) => (x === "N" ? batch : x)) : v,
    ]),
  );
}
