/** Ops that are no expression of an element, in the ops that they are made of. */
import { type Graph, mapGraph } from "../ir/graph.ts";

/** The graph with every such op written out. */
export const writtenOut = (graph: Graph): Graph =>
  mapGraph(graph, (node) => (node.kind === "op" ? (node.op.written?.(node) ?? node) : node));
