/** Unique names: inputs by their key in `model()`, layers by op and position, own parameters by layer and role. */
import { UserError } from "../errors.ts";
import { type Graph, mapGraph, type Node, ownNodes } from "../ir/graph.ts";
import { creationOrder, ModelError } from "./build.ts";

/** Throws `UserError` where two parameters, or an input and a parameter, have the same name. */
export function nameLayers(graph: Graph): Graph {
  const names = new Map<Node, string>();
  for (const { name, node } of graph.inputs) names.set(node, name);
  const layers = graph.nodes
    .filter((n) => n.kind === "op")
    .toSorted((a, b) => creationOrder(a) - creationOrder(b));
  const own = new Set<Node>(layers.flatMap(ownNodes));
  const taken = new Map<string, Node>();
  const isConstant = (node: Node): boolean => node.kind === "param" && node.init.kind === "data";
  for (const node of graph.nodes)
    if (node.kind !== "op" && !own.has(node) && !isConstant(node))
      take(taken, names.get(node) ?? node.origin.name, node);
  const counts = new Map<string, number>();
  for (const node of graph.nodes.filter(isConstant)) {
    const name = next("constant", counts, taken);
    take(taken, name, node);
    names.set(node, name);
  }
  for (const layer of layers) {
    const name = next(layer.op.name, counts, taken);
    take(taken, name, layer);
    names.set(layer, name);
    for (const node of ownNodes(layer)) {
      if (names.has(node)) continue; // called after the first of its layers
      const inner = `${name}.${node.own}`;
      take(taken, inner, node);
      names.set(node, inner);
    }
  }
  return mapGraph(graph, (node, original) => {
    const name = names.get(original) ?? node.origin.name;
    return name === node.origin.name ? node : { ...node, origin: { ...node.origin, name } };
  });
}

function next(op: string, counts: Map<string, number>, taken: ReadonlyMap<string, Node>): string {
  const count = (counts.get(op) ?? 0) + 1;
  counts.set(op, count);
  return taken.has(`${op}${count}`) ? next(op, counts, taken) : `${op}${count}`;
}

function take(taken: Map<string, Node>, name: string, node: Node): void {
  const other = taken.get(name);
  if (other === undefined) {
    taken.set(name, node);
    return;
  }
  const error = new UserError({
    problem: `two tensors are called "${name}": ${describe(other)} and ${describe(node)}`,
    rule: "names of inputs and parameters are unique: weights are found by them",
    fix: "another name for one of them, or one tensor used in both places",
  });
  throw node.origin.trace ? new ModelError(error.diagnosis, node.origin.trace) : error;
}

function describe(node: Node): string {
  return node.kind === "input" ? "an input" : node.kind === "param" ? "a parameter" : `a ${node.kind}`;
}

/** Short names for layers that no variable holds, numbered from 1: `conv1`, `pool1`, `fc1`. */
const shortNames: ReadonlyMap<string, string> = new Map([
  ["conv", "conv"],
  ["maxPool", "pool"],
  ["avgPool", "pool"],
  ["globalAvgPool", "pool"],
  ["globalMaxPool", "pool"],
  ["lpPool", "pool"],
  ["adaptiveAvgPool", "pool"],
  ["adaptiveMaxPool", "pool"],
  ["linear", "fc"],
  ["batchNorm", "norm"],
  ["layerNorm", "norm"],
]);

/** What layers of an op are called where nothing else says it. */
export function shortName(op: string): string {
  return shortNames.get(op.replace(/\dd$/, "")) ?? op; // of conv1d, conv2d and conv3d
}
