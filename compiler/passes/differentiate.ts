/**
 * Reverse-mode differentiation: gradients are ordinary graph nodes, fused and scheduled like the rest. What an op's
 * gradient is follows from its index expression (passes/adjoint.ts), unless the op states its own.
 */

import { showShape } from "../../contract/shapes.ts";
import { InternalError, must, UserError } from "../errors.ts";
import type { Node, OpNode } from "../ir/graph.ts";
import { consumers, topologicalOrder } from "../ir/graph.ts";
import { sameShape } from "../ir/type.ts";
import { constantNode, derivedNode, gradientOrigin, opNode, suffixed } from "../ops/derived.ts";
import { pointwise } from "../ops/pointwise.ts";
import { adjoint } from "./adjoint.ts";
import { writtenOut } from "./written.ts";

/**
 * ∂loss/∂p for each p in `parameters`, as nodes. `loss` is a scalar. Throws `UserError` where the loss is not a
 * scalar or does not depend on a parameter.
 */
export function differentiate(loss: Node, parameters: readonly Node[]): ReadonlyMap<Node, Node> {
  if (loss.type.shape.length !== 0) {
    throw new UserError({
      problem: `a loss is one number, but ${loss.origin.name} is ${showShape(loss.type.shape)}`,
      fix: "mean(loss)",
    });
  }
  const root = writtenOutOf(loss);
  const order = topologicalOrder([root]);
  const active = dependents(order, new Set(parameters));
  const users = consumers(order);
  const arriving = new Map<Node, Node[]>([[root, [constantNode(1, suffixed(loss.origin, "grad"))]]]);
  for (const node of order.toReversed()) {
    const parts = arriving.get(node);
    if (node.kind !== "op" || parts === undefined || !active.has(node)) continue;
    const grad = total(node, parts);
    for (const [operand, part] of operandGradients(node, grad, active, users)) {
      const list = arriving.get(operand) ?? [];
      list.push(part);
      arriving.set(operand, list);
    }
  }
  return new Map(
    parameters.map((p) => {
      const parts = arriving.get(p);
      if (parts === undefined) {
        throw new UserError({
          problem: `the loss does not depend on ${p.origin.name}`,
          rule: "only parameters that the loss depends on can be trained",
        });
      }
      return [p, total(p, parts)];
    }),
  );
}

function writtenOutOf(node: Node): Node {
  const graph = { name: "", inputs: [], outputs: [{ name: "", node }], nodes: topologicalOrder([node]) };
  return must(writtenOut(graph).outputs[0], "loss").node;
}

/** The nodes that depend on one of `roots`, those included. */
function dependents(order: readonly Node[], roots: ReadonlySet<Node>): ReadonlySet<Node> {
  const found = new Set<Node>(roots);
  for (const node of order)
    if (node.kind === "op" && !node.op.detached && node.inputs.some((i) => found.has(i))) found.add(node);
  return found;
}

/** Σ of the gradients that arrive at a node. */
function total(node: Node, parts: readonly Node[]): Node {
  const [first, ...rest] = parts;
  return rest.reduce(
    (sum: Node, part, i) =>
      opNode(pointwise.add, {}, [sum, part], gradientOrigin(node, node, `grad.sum${i || ""}`)),
    must(first, "gradient"),
  );
}

function operandGradients(
  node: OpNode,
  grad: Node,
  active: ReadonlySet<Node>,
  users: ReadonlyMap<Node, readonly OpNode[]>,
): readonly (readonly [Node, Node])[] {
  const operands = [...new Set(node.inputs)];
  if (node.op.vjp) {
    const stated = node.op.vjp(node, grad);
    return node.inputs.flatMap((operand, i) => {
      const part = stated[i];
      if (!active.has(operand)) return [];
      if (part === undefined) {
        throw new UserError({
          problem: `${node.op.name} has no gradient for operand ${i}`,
          layer: node.origin.name,
        });
      }
      if (!sameShape(part.type.shape, operand.type.shape))
        throw new InternalError(`${node.op.name}: gradient of another shape`);
      return [[operand, part] as const];
    });
  }
  return operands
    .filter((operand) => active.has(operand))
    .map((operand) => {
      // A parameter that one layer uses has one gradient; several have a part each, named by the layer too.
      const own = operand.kind === "param" && users.get(operand)?.length === 1;
      const name = own ? `${operand.origin.name}.grad` : `${node.origin.name}.grad.${operand.origin.name}`;
      const origin = { ...gradientOrigin(node, operand), name };
      const make = derivedNode(`${node.op.name}.grad`, operand.type, origin, (context) =>
        adjoint(node, operand, grad, context),
      );
      return [operand, make] as const;
    });
}
