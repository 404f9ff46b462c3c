/** Ops that the compiler makes for itself: their meaning is derived, not written by hand. */

import type { TensorType } from "../../contract/type.ts";
import { must } from "../errors.ts";
import type { Expr, OpContext } from "../ir/expr.ts";
import type { Attrs, Node, OpDef, OpNode, Origin, Role } from "../ir/graph.ts";
import { mapReads, opContext, tensorsOf } from "../math/build.ts";

/**
 * A node whose value is `define(context)`, an expression over existing tensors. Its operands are the tensors that
 * the expression reads, so the graph's passes may replace them like any others.
 */
export function derivedNode(
  name: string,
  type: TensorType,
  origin: Origin,
  define: (context: OpContext) => Expr,
): OpNode {
  const reads = tensorsOf(define(opContext({ inputs: [], type })));
  const op: OpDef = {
    name,
    arity: reads.length,
    options: () => ({}),
    infer: () => type,
    define: (_, context) =>
      mapReads(define(context), ({ from, index }) => ({
        from: must(context.inputs[reads.indexOf(from)], "operand"),
        index,
      })),
    summary: () => ({ options: "", formula: "" }),
  };
  return { kind: "op", op, attrs: {}, inputs: reads, type, origin };
}

/** An op node made by the compiler out of existing ones. */
export function opNode<A extends Attrs, O>(
  op: OpDef<A, O>,
  options: O,
  inputs: readonly Node[],
  origin: Origin,
): OpNode {
  const attrs = op.options(options);
  const type = op.infer(
    attrs,
    inputs.map((i) => i.type),
  );
  return { kind: "op", op, attrs, inputs, type, origin };
}

/** A number as a node. */
export function constantNode(value: number, origin: Origin): Node {
  return { kind: "const", type: { dtype: "f32", shape: [] }, origin, value };
}

/** `conv1.grad`, made where `origin` was. */
export function suffixed(origin: Origin, suffix: string): Origin {
  return { ...origin, name: `${origin.name}.${suffix}` };
}

/** The same with a role, which whatever is called after it has, too. */
export function inRole(origin: Origin, kind: Role["kind"], { origin: { name: of } }: Node): Origin {
  return { ...origin, role: { kind, of } };
}

/** Of what leads to the gradient of one of a layer's operands. */
export function gradientOrigin(layer: Node, operand: Node, suffix = "grad"): Origin {
  return inRole(suffixed(layer.origin, suffix), "gradients", operand);
}
