/** What translations of ops into ONNX are written with. */
import type { OpNode } from "../../compiler/ir/graph.ts";
import type { Shape } from "../../contract/type.ts";
import { type Attribute, floatTensor, intTensor, type OnnxTensor } from "./onnx-proto.ts";

/** What a translation is given: the node, its operands' value names, and the means to add to the ONNX graph. */
export interface Translation {
  readonly node: OpNode;
  readonly inputs: readonly string[];
  /** Adds an operator and returns the name of its result. */
  emit(opType: string, inputs: readonly string[], ...attributes: readonly Attribute[]): string;
  /** The same of an operator with several results. */
  emitAll(
    opType: string,
    inputs: readonly string[],
    count: number,
    ...attributes: readonly Attribute[]
  ): readonly string[];
  /** Adds a constant tensor and returns its name. */
  constant(make: (name: string) => OnnxTensor): string;
}

export type Translate = (t: Translation) => string;

export const same =
  (opType: string): Translate =>
  ({ emit, inputs }) =>
    emit(opType, inputs);

export const shapeOf = (t: Translation, input = 0): Shape => t.node.inputs[input]?.type.shape ?? [];
export const rankOf = (t: Translation, input = 0): number => shapeOf(t, input).length;
export const scalar = (t: Translation, value: number): string =>
  t.constant((name) => floatTensor(name, [], [value]));
export const list = (t: Translation, values: readonly number[]): string =>
  t.constant((name) => intTensor(name, values));
