/** Small graphs for tests of reports, built from the ops alone. */
import { must } from "../../compiler/errors.ts";
import { type Graph, type Node, type OpDef, topologicalOrder } from "../../compiler/ir/graph.ts";
import type { Shape } from "../../contract/type.ts";

export function source(name: string, shape: Shape): Node {
  return { kind: "input", type: { dtype: "f32", shape }, origin: { name } };
}

/** Applies an op the way the model language does: options, parameters, shape. */
export function apply(op: OpDef, name: string, operands: readonly Node[], options?: unknown): Node {
  const attrs = op.options(options);
  const params = (
    op.params?.(
      attrs,
      operands.map((o) => o.type),
    ) ?? []
  ).map(
    (p): Node => ({
      kind: "param",
      type: { dtype: "f32", shape: p.shape },
      init: p.init,
      origin: { name: `${name}.${p.role}` },
    }),
  );
  const inputs = [...operands, ...params];
  return {
    kind: "op",
    op,
    attrs,
    inputs,
    type: op.infer(
      attrs,
      inputs.map((i) => i.type),
    ),
    origin: { name },
  };
}

/** A graph whose one output is the last of `nodes`. */
export function graphOf(name: string, inputs: readonly Node[], output: Node): Graph {
  return {
    name,
    inputs: inputs.map((node) => ({ name: node.origin.name, node })),
    outputs: [{ name: output.origin.name, node: output }],
    nodes: topologicalOrder([output]),
  };
}

/** Ops one after the other: each entry is a name, an op and its options. */
export function chain(
  input: Node,
  ...steps: readonly (readonly [string, OpDef, unknown?])[]
): readonly Node[] {
  const made: Node[] = [];
  for (const [name, op, options] of steps) made.push(apply(op, name, [made.at(-1) ?? input], options));
  return made;
}

export function last(nodes: readonly Node[]): Node {
  return must(nodes.at(-1), "node");
}
