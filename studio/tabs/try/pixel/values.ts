/** What a run with one example holds: the values that explanations read. Pure. */
import type { Graph, Node, OpNode } from "../../../../compiler/ir/graph.ts";
import { isExplained, type Known, operandsOf } from "../../../../compiler/report/explain.ts";
import type { SizeValues } from "../../../../contract/sizes.ts";
import type { Tensor } from "../../../../contract/tensor.ts";
import type { Weights } from "../../../../contract/weights.ts";
import { computedBy } from "../layers.ts";
import type { Inputs } from "../source.ts";

/** A run: what went in, and what came out of the layers that were watched. */
export interface Ran {
  readonly inputs: Inputs;
  readonly weights: Weights;
  /** By `outputName`. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly sizes: SizeValues;
}

/** One element, by its place; of the batch the first example. */
export interface Spot {
  readonly node: Node;
  readonly index: readonly number[];
}

export function knownIn(graph: Graph, { inputs, weights, outputs, sizes }: Ran): Known {
  return {
    values(node) {
      const source = computedBy(node);
      const { name } = source.origin;
      if (source.kind === "param") return weights[name]?.data;
      if (source.kind === "op") return outputs[name]?.data;
      const given = inputs[graph.inputs.find((i) => i.node === source)?.name ?? ""];
      return given && ("data" in given ? given.data : given);
    },
    size: (name) => sizes[name] ?? Number.NaN,
  };
}

/** The node whose op says what an element is: of dropout, which does nothing here, its operand's. */
export function explainedBy(node: Node): OpNode | undefined {
  const source = computedBy(node);
  return isExplained(source) ? source : undefined;
}

/** What has to be computed for an element to be explained. */
export function neededFor({ node }: Spot): readonly OpNode[] {
  const source = explainedBy(node);
  const operands = source ? operandsOf(source).map(computedBy) : [];
  return operands.filter((n) => n.kind === "op");
}

/** `conv2[3, 5, 7]`: without the batch, of which there is one example. */
export function spotText({ node, index }: Spot): string {
  const { shape } = node.type;
  const own = index.filter((_, axis) => shape[axis] !== "N");
  return own.length > 0 ? `${node.origin.name}[${own.join(", ")}]` : node.origin.name;
}
