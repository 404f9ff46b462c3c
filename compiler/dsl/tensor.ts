/** What a model file holds in its variables: a node of the graph, with its shape in the type. */
import { showShape } from "../../contract/shapes.ts";
import type { Node } from "../ir/graph.ts";
import type { Shape } from "./types/shape.ts";

/**
 * A tensor of the model that is being described. It holds no data: it stands for what a layer will compute.
 * `S` is its shape, outermost size first: `Tensor<[N, 6, 28, 28]>`.
 */
export interface Tensor<out S extends Shape = Shape> {
  /** At run time N is the string "N". */
  readonly shape: S;
  /** The node of the graph that computes it. */
  readonly node: Node;
}

class TensorValue implements Tensor {
  readonly node: Node;
  constructor(node: Node) {
    this.node = node;
  }
  get shape(): Shape {
    return this.node.type.shape as readonly unknown[] as Shape; // "N" is the value of N
  }
  toString(): string {
    return `Tensor<${showShape(this.node.type.shape)}> ${this.node.origin.name}`;
  }
}

export function tensorOf(node: Node): Tensor {
  return new TensorValue(node);
}

export function isTensor(value: unknown): value is Tensor {
  return value instanceof TensorValue;
}
