/**
 * Layouts: in which order a stored tensor's axes lie in memory. A parameter (or a value derived from parameters
 * once) that a contraction reads along its output columns is stored with that axis innermost, so that neighbouring
 * columns load as one vector. Activations keep the row-major order of their shape.
 */
import type { Axis, Expr, Index, Load } from "../ir/expr.ts";
import type { Node } from "../ir/graph.ts";
import { type Kernel, valuesOf } from "../ir/kernel.ts";
import { axesOf } from "../math/affine.ts";
import { visit } from "../math/build.ts";
import { address } from "../math/layout.ts";

/** `free`: whether a tensor depends on parameters alone, so that its layout costs nothing per run, and nobody else sees it. */
export function chooseOrders(
  kernels: readonly Kernel[],
  free: (node: Node) => boolean,
): ReadonlyMap<Node, readonly number[]> {
  const orders = new Map<Node, readonly number[]>();
  const divided = readWithDivision(kernels);
  for (const kernel of kernels) {
    const columns = kernel.kind === "contraction" ? kernel.n.at(-1) : undefined;
    const weight = kernel.kind === "contraction" ? onlyLoad(kernel.rhs) : undefined;
    if (!columns || !weight || !free(weight.from) || orders.has(weight.from)) continue;
    if (strideOf(weight, columns) === 1) continue;
    const dims = [...weight.index.keys()].filter((d) => mentions(weight.index[d], columns));
    const [innermost] = dims;
    if (dims.length !== 1 || innermost === undefined || divided.has(weight.from)) continue;
    orders.set(weight.from, [...weight.index.keys()].filter((d) => d !== innermost).concat(innermost));
  }
  // What overwrites a tensor lies as the tensor does.
  for (const { root, overwrites } of kernels.flatMap((k) => k.results)) {
    if (!overwrites) continue;
    const order = orders.get(overwrites) ?? orders.get(root);
    if (order) for (const node of [root, overwrites]) orders.set(node, order);
  }
  return orders;
}

function mentions(index: Index | undefined, axis: Axis): boolean {
  return index !== undefined && axesOf(index).has(axis);
}

function loadsOf(e: Expr): readonly Load[] {
  const loads: Load[] = [];
  visit(e, (x) => {
    if (x.kind === "load") loads.push(x);
  });
  return loads;
}

function onlyLoad(e: Expr): Load | undefined {
  const loads = loadsOf(e);
  return loads.length === 1 ? loads[0] : undefined;
}

/** The tensors that some read indexes with a division, and so relies upon their row-major order. */
function readWithDivision(kernels: readonly Kernel[]): ReadonlySet<Node> {
  const loads = kernels.flatMap(valuesOf).flatMap(loadsOf);
  const divided = loads.filter((l) => l.index.some((i) => i.terms.some((t) => t.atom.kind !== "axis")));
  return new Set(divided.map((l) => l.from));
}

/** The distance in memory between neighbours along an axis; 0 where the axis does not occur by itself. */
function strideOf(e: Load, axis: Axis): number {
  return address(e.from, e.index, new Map()).terms.find((t) => t.atom === axis)?.coefficient ?? 0;
}
