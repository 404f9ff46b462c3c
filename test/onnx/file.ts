/** ONNX files for tests, written by another library than the one that reads them is driven by. */
import {
  type Attribute,
  encodeModel,
  floatTensor,
  type OnnxNode,
  type OnnxTensor,
  valueInfo,
} from "../oracle/onnx-proto.ts";

export * from "../oracle/onnx-proto.ts";

/** `node("Conv", ["x", "w"], ["y"], ints("strides", [2, 2]))` */
export const node = (
  opType: string,
  input: readonly string[],
  output: readonly string[],
  ...attribute: readonly Attribute[]
): OnnxNode => ({ opType, name: "", input, output, attribute });

export interface FileOf {
  readonly nodes: readonly OnnxNode[];
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
  /** TensorProto.DataType of inputs that are not of f32. */
  readonly types?: Readonly<Record<string, number>>;
  readonly outputs: readonly string[];
  readonly weights?: readonly OnnxTensor[];
  readonly opset?: number;
  readonly name?: string;
}

/** The bytes of an ONNX file. */
export function file({
  nodes,
  inputs,
  types = {},
  outputs,
  weights = [],
  opset = 17,
  name = "main_graph",
}: FileOf): Uint8Array {
  return encodeModel(
    {
      name,
      node: nodes,
      initializer: weights,
      input: Object.entries(inputs).map(([key, shape]) => valueInfo(key, shape, types[key])),
      output: outputs.map((key) => ({ name: key })),
    },
    opset,
  );
}

/** A weight whose numbers are small and all different, from a seed. */
export function weight(name: string, dims: readonly number[], from = 0): OnnxTensor {
  const count = dims.reduce((a, d) => a * d, 1);
  return floatTensor(
    name,
    dims,
    Float32Array.from({ length: count }, (_, i) => Math.sin(1.7 * (i + from) + 0.3)),
  );
}
