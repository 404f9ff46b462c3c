/** What translations of ops into ONNX are written with. */
import type { Shape } from "../../../contract/type.ts";
import { InternalError } from "../../errors.ts";
import type { Attrs, OpNode } from "../../ir/graph.ts";
import { type Attribute, floatTensor, int, ints, intTensor, type OnnxTensor } from "./message.ts";

/** What a translation is given: the node, its operands' value names, and the means to add to the ONNX graph. */
export interface Translation {
  readonly node: OpNode;
  /** The version of the operators that the file is written for. */
  readonly opset: number;
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
  /** What is written once for several nodes: those that give the same key. */
  once<T>(key: string, make: () => T): T;
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

export function numberOf(attrs: Attrs, name: string): number {
  const value = attrs[name];
  if (typeof value === "number") return value;
  throw new InternalError(`attribute ${name} is ${JSON.stringify(value)}, not a number`);
}

export function flagOf(attrs: Attrs, name: string): boolean {
  const value = attrs[name];
  if (typeof value === "boolean") return value;
  throw new InternalError(`attribute ${name} is ${JSON.stringify(value)}, not a flag`);
}

export function listOf(attrs: Attrs, name: string): readonly number[] {
  const value = attrs[name];
  if (Array.isArray(value)) return value.map(Number);
  throw new InternalError(`attribute ${name} is ${JSON.stringify(value)}, not a list`);
}

/** The axis counted from the front. */
export const fromFront = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** A reduction over axes, which are an attribute until opset 18; those of a sum are an operand since 13. */
export function reduced(
  t: Translation,
  opType: string,
  x: string,
  axes: readonly number[],
  keepDims: boolean,
): string {
  // ONNX takes an empty list for all axes.
  if (axes.length === 0) return t.emit("Identity", [x]);
  const keep = int("keepdims", keepDims ? 1 : 0);
  if (opType === "ReduceSum" || t.opset >= 18) return t.emit(opType, [x, list(t, axes)], keep);
  return t.emit(opType, [x], ints("axes", axes), keep);
}
