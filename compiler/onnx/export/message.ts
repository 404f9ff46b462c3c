/** The parts of an ONNX file as they are written: attributes, constant tensors, what inputs and outputs are. */
import { showDim } from "../../../contract/shapes.ts";
import { ARRAYS } from "../../../contract/tensor.ts";
import type { Dim, DType } from "../../../contract/type.ts";
import type { Written } from "../schema.ts";

export type Attribute = Written<"Attribute">;
export type OnnxTensor = Written<"Tensor"> & { readonly name: string };
export type OnnxNode = Written<"Node">;

/** AttributeProto.AttributeType */
const ATTRIBUTE = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7, strings: 8 } as const;
/** TensorProto.DataType */
export const ELEMENT = { f32: 1, i8: 3, i32: 6, i64: 7, bool: 9, f16: 10, u32: 12, i4: 22 } as const;

export const int = (name: string, i: number): Attribute => ({ name, type: ATTRIBUTE.int, i });
export const float = (name: string, f: number): Attribute => ({ name, type: ATTRIBUTE.float, f });
export const ints = (name: string, values: readonly number[]): Attribute => ({
  name,
  type: ATTRIBUTE.ints,
  ints: values,
});
export const string = (name: string, value: string): Attribute => ({
  name,
  type: ATTRIBUTE.string,
  s: new TextEncoder().encode(value),
});
/** A node that gives a tensor of numbers: what no training changes. */
export const constant = (t: OnnxTensor): OnnxNode => ({
  opType: "Constant",
  name: t.name,
  output: [t.name],
  attribute: [{ name: "value", type: ATTRIBUTE.tensor, t }],
});

export const floats = (name: string, values: readonly number[]): Attribute => ({
  name,
  type: ATTRIBUTE.floats,
  floats: values,
});
export const strings = (name: string, values: readonly string[]): Attribute => ({
  name,
  type: ATTRIBUTE.strings,
  strings: values.map((value) => new TextEncoder().encode(value)),
});

/** Numbers of one of Weft's types, little-endian, as all that Weft runs on. */
export const numbers = (
  name: string,
  dtype: DType,
  dims: readonly number[],
  values: ArrayLike<number>,
): OnnxTensor => ({
  name,
  dataType: ELEMENT[dtype],
  dims,
  rawData: new Uint8Array(ARRAYS[dtype].from(values).buffer),
});
export const floatTensor = (name: string, dims: readonly number[], values: ArrayLike<number>): OnnxTensor =>
  numbers(name, "f32", dims, values);

/** A list of whole numbers. */
export const intTensor = (name: string, values: readonly number[]): OnnxTensor => ({
  name,
  dataType: ELEMENT.i64,
  dims: [values.length],
  rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
});

/** Name and type of an input or an output; sizes that a run decides have names. */
export const valueInfo = (
  name: string,
  shape: readonly Dim[],
  elemType: number = ELEMENT.f32,
): Written<"ValueInfo"> => ({
  name,
  type: {
    tensor: {
      elemType,
      shape: { dim: shape.map((d) => (typeof d === "number" ? { value: d } : { param: showDim(d) })) },
    },
  },
});
