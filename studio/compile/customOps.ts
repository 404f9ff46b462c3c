/** Ops that a model file defines for itself. */
import type { Graph, OpDef } from "../../compiler/ir/graph.ts";
import { ops } from "../../compiler/ops/index.ts";

/** In the order of their first use, which is the same whenever the file is run. */
export function customOps(graph: Graph): readonly OpDef[] {
  const own: ReadonlySet<OpDef> = new Set(Object.values(ops));
  return [...new Set(graph.nodes.flatMap((n) => (n.kind === "op" && !own.has(n.op) ? [n.op] : [])))];
}
