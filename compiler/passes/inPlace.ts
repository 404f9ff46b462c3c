/**
 * Results that overwrite a tensor that they are made of. A folded weight is the raw weight times a scale, position by
 * position, and nobody else reads the raw one: it takes no memory of its own.
 */
import type { Load } from "../ir/expr.ts";
import type { Graph, Node } from "../ir/graph.ts";
import type { Kernel } from "../ir/kernel.ts";
import { axisIndex } from "../math/affine.ts";
import { visit } from "../math/build.ts";

/** Of what is computed once from parameters: each result that may overwrite a parameter, and which. */
export function foldedInPlace(graph: Graph, kernels: readonly Kernel[]): ReadonlyMap<Node, Node> {
  const readers = new Map<Node, number>();
  for (const { reads } of kernels) for (const t of reads) readers.set(t, (readers.get(t) ?? 0) + 1);
  const outputs = new Set(graph.outputs.map((o) => o.node));
  const found = new Map<Node, Node>();
  for (const kernel of kernels) {
    if (kernel.region.phase !== "prepare") continue;
    const raw = kernel.reads.find(
      (t) => t.kind === "param" && readers.get(t) === 1 && !outputs.has(t) && readInPlace(kernel, t),
    );
    if (raw) found.set(kernel.region.root, raw);
  }
  return found;
}

/** Whether the element at a position is made of a tensor's element at that position and of no other one of it. */
function readInPlace({ region }: Kernel, tensor: Node): boolean {
  if (`${region.root.type.shape}` !== `${tensor.type.shape}`) return false;
  const here = region.axes.map((a) => axisIndex(a).key).join();
  const loads: Load[] = [];
  visit(region.value, (e) => {
    if (e.kind === "load" && e.from === tensor) loads.push(e);
  });
  return loads.every((l) => l.index.map((i) => i.key).join() === here);
}
