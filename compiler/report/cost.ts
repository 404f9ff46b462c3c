/**
 * What a layer costs, counted from its index expression: nothing is declared per op.
 *
 * A sum of products Σ_k a·b costs one multiply-add per output position and term: for conv2d that is
 * N·O·H·W · C·KH·KW, the count of Goodfellow, Bengio & Courville, "Deep Learning" (2016), section 9.8. Taps in
 * the padding count too, as in every published table. A subexpression is counted once per value of the axes
 * that occur in it, so what does not change in a loop is counted outside of it.
 */
import type { Count } from "../../contract/type.ts";
import type { Axis, Expr } from "../ir/expr.ts";
import { type Node, type OpNode, orderWithin } from "../ir/graph.ts";
import { addCounts, elements } from "../ir/type.ts";
import { freeAxes, opContext, visit } from "../math/build.ts";

export interface Cost {
  /** Multiply-adds in sums of products of two tensors. */
  readonly macs: Count;
  /** Scalar function applications and additions of sums; a multiply-add is two. */
  readonly flops: Count;
}

/** The meaning of a node, in axes of its own. */
export function meaning(node: OpNode): { readonly expr: Expr; readonly at: readonly Axis[] } {
  const context = opContext(node);
  return { expr: node.op.define(node.attrs, context), at: context.at };
}

/**
 * The ops that an op is made of, operands first, the last of them its result: itself, or what it is written out in. Those that
 * `known` holds are left out: steps that another result of the same layer is made of.
 */
export function partsOf(node: OpNode, known: ReadonlySet<Node> = new Set()): readonly OpNode[] {
  const result = node.op.written?.(node);
  if (!result) return [node];
  const ends = new Set<Node>([...known, ...node.inputs]);
  return orderWithin(result, ends).filter((n) => n.kind === "op");
}

/** What a node costs; what `counted` holds costs nothing more, and it gains what is counted here. */
export function costOf(node: OpNode, counted: Set<Node> = new Set()): Cost {
  const parts = partsOf(node, counted);
  for (const part of parts) counted.add(part);
  return parts
    .map(ownCost)
    .reduce((sum, c) => ({ macs: addCounts(sum.macs, c.macs), flops: addCounts(sum.flops, c.flops) }), {
      macs: { fixed: 0, perBatch: 0 },
      flops: { fixed: 0, perBatch: 0 },
    });
}

function ownCost(node: OpNode): Cost {
  const { expr } = meaning(node);
  let macs: Count = { fixed: 0, perBatch: 0 };
  let flops: Count = { fixed: 0, perBatch: 0 };
  const seen = new Set<Expr>();
  visit(expr, (e) => {
    if (seen.has(e)) return;
    seen.add(e);
    if (e.kind === "call") flops = addCounts(flops, iterations(freeAxes(e)));
    if (e.kind !== "reduce") return;
    const terms = iterations(new Set([...freeAxes(e), ...e.axes]));
    flops = addCounts(flops, terms);
    if (e.op === "sum" && isProduct(e.body)) macs = addCounts(macs, terms);
  });
  return { macs, flops };
}

function iterations(axes: Iterable<Axis>): Count {
  return elements(Array.from(axes, (a) => a.extent));
}

/** `a · b` of two tensors' elements, perhaps behind the padding's guard. */
function isProduct(e: Expr): boolean {
  if (e.kind === "guard") return isProduct(e.then);
  return e.kind === "call" && e.fn === "mul" && e.args.every(reads);
}

function reads(e: Expr): boolean {
  let found = false;
  visit(e, (x) => {
    if (x.kind === "load") found = true;
  });
  return found;
}
