/**
 * Weight layout: a parameter that a contraction reads along its output columns is transposed once, when weights
 * are set, so that neighbouring columns are neighbours in memory and load as one vector.
 */
import type { Axis, Expr, Load } from "../ir/expr.ts";
import type { Node, OpNode } from "../ir/graph.ts";
import type { ContractionKernel, Kernel } from "../ir/kernel.ts";
import type { Region } from "../ir/region.ts";
import { axesOf, rowMajor } from "../math/affine.ts";
import { type AxisSource, load, mapChildren, opContext, visit } from "../math/build.ts";
import { ops } from "../ops/index.ts";
import { tensorsOf } from "./analysis.ts";

export interface Packed {
  readonly kernel: Kernel;
  /** The transposition to run once, if one is needed. */
  readonly region: Region | undefined;
}

/** `isParameter`: whether a tensor depends on parameters alone. */
export function pack(kernel: Kernel, isParameter: (node: Node) => boolean, fresh: AxisSource): Packed {
  const columns = kernel.kind === "contraction" ? kernel.n.at(-1) : undefined;
  if (kernel.kind !== "contraction" || columns === undefined) return { kernel, region: undefined };
  const weight = onlyLoad(kernel.rhs);
  if (!weight || !isParameter(weight.from) || strideOf(weight, columns) === 1)
    return { kernel, region: undefined };
  const dim = weight.index.findIndex((i) => axesOf(i).has(columns.key));
  if (dim < 0 || weight.index.filter((i) => axesOf(i).has(columns.key)).length > 1)
    return { kernel, region: undefined };

  const order = [...weight.index.keys()].filter((d) => d !== dim).concat(dim);
  const node = transposed(weight.from, order);
  const context = opContext(node, fresh);
  const value = node.op.define(node.attrs, context);
  const region: Region = {
    root: node,
    nodes: [node],
    axes: context.at,
    value,
    reads: tensorsOf(value),
    phase: "prepare",
  };
  const moved = load(
    node,
    order.flatMap((d) => weight.index[d] ?? []),
  );
  const replace = (e: Expr): Expr => (e.key === weight.key ? moved : mapChildren(e, replace));
  const rhs = replace(kernel.rhs);
  const packed: ContractionKernel = {
    ...kernel,
    rhs,
    reads: kernel.reads.map((n) => (n === weight.from ? node : n)),
  };
  return { kernel: packed, region };
}

function onlyLoad(e: Expr): Load | undefined {
  const loads: Load[] = [];
  visit(e, (x) => {
    if (x.kind === "load") loads.push(x);
  });
  return loads.length === 1 ? loads[0] : undefined;
}

/** The distance in memory between neighbours along an axis; 0 where the axis does not occur by itself. */
function strideOf(e: Load, axis: Axis): number {
  return rowMajor(e.index, e.from.type.shape).terms.find((t) => t.atom.key === axis.key)?.coefficient ?? 0;
}

function transposed(from: Node, order: readonly number[]): OpNode {
  const op = ops.transpose;
  const attrs = op.options({ order });
  return {
    kind: "op",
    op,
    attrs,
    inputs: [from],
    type: op.infer(attrs, [from.type]),
    origin: { ...from.origin, name: `${from.origin.name}.packed` },
  };
}
