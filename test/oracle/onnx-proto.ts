/**
 * The messages of ONNX that a model needs, by name, type and field number (onnx/onnx.proto of the ONNX project),
 * and constructors for them.
 */
import protobuf from "protobufjs";

type Field = readonly [type: string, id: number, rule?: "repeated"];

function message(fields: Readonly<Record<string, Field>>): protobuf.IType {
  return {
    fields: Object.fromEntries(
      Object.entries(fields).map(([name, [type, id, rule]]) => [
        name,
        { type, id, ...(rule ? { rule } : {}) },
      ]),
    ),
  };
}

const root = protobuf.Root.fromJSON({
  nested: {
    ModelProto: message({
      irVersion: ["int64", 1],
      opsetImport: ["OperatorSetIdProto", 8, "repeated"],
      graph: ["GraphProto", 7],
    }),
    OperatorSetIdProto: message({ domain: ["string", 1], version: ["int64", 2] }),
    GraphProto: message({
      node: ["NodeProto", 1, "repeated"],
      name: ["string", 2],
      initializer: ["TensorProto", 5, "repeated"],
      input: ["ValueInfoProto", 11, "repeated"],
      output: ["ValueInfoProto", 12, "repeated"],
    }),
    NodeProto: message({
      input: ["string", 1, "repeated"],
      output: ["string", 2, "repeated"],
      name: ["string", 3],
      opType: ["string", 4],
      attribute: ["AttributeProto", 5, "repeated"],
      domain: ["string", 7],
    }),
    AttributeProto: message({
      name: ["string", 1],
      f: ["float", 2],
      i: ["int64", 3],
      s: ["bytes", 4],
      t: ["TensorProto", 5],
      g: ["GraphProto", 6],
      floats: ["float", 7, "repeated"],
      ints: ["int64", 8, "repeated"],
      strings: ["bytes", 9, "repeated"],
      type: ["int32", 20],
    }),
    TensorProto: message({
      dims: ["int64", 1, "repeated"],
      dataType: ["int32", 2],
      int64Data: ["int64", 7, "repeated"],
      name: ["string", 8],
      rawData: ["bytes", 9],
      externalData: ["EntryProto", 13, "repeated"],
      dataLocation: ["int32", 14],
    }),
    EntryProto: message({ key: ["string", 1], value: ["string", 2] }),
    ValueInfoProto: message({ name: ["string", 1], type: ["TypeProto", 2] }),
    TypeProto: message({ tensorType: ["TensorTypeProto", 1] }),
    TensorTypeProto: message({ elemType: ["int32", 1], shape: ["TensorShapeProto", 2] }),
    TensorShapeProto: message({ dim: ["DimensionProto", 1, "repeated"] }),
    DimensionProto: message({ dimValue: ["int64", 1], dimParam: ["string", 2] }),
  },
});
const modelType = root.lookupType("ModelProto");

/** TensorProto.DataType */
const FLOAT = 1;
const INT64 = 7;
/** AttributeProto.AttributeType */
const ATTRIBUTE = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
} as const;

export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly f?: number;
  readonly i?: number;
  readonly ints?: readonly number[];
  readonly strings?: readonly Uint8Array[];
  readonly floats?: readonly number[];
  readonly s?: Uint8Array;
  readonly t?: OnnxTensor;
  readonly g?: OnnxGraph;
}

export const int = (name: string, i: number): Attribute => ({ name, type: ATTRIBUTE.int, i });
export const float = (name: string, f: number): Attribute => ({ name, type: ATTRIBUTE.float, f });
export const ints = (name: string, values: readonly number[]): Attribute => ({
  name,
  type: ATTRIBUTE.ints,
  ints: values,
});

export const floats = (name: string, values: readonly number[]): Attribute => ({
  name,
  type: ATTRIBUTE.floats,
  floats: values,
});
export const string = (name: string, value: string): Attribute => ({
  name,
  type: ATTRIBUTE.string,
  s: new TextEncoder().encode(value),
});
export const strings = (name: string, values: readonly string[]): Attribute => ({
  name,
  type: ATTRIBUTE.strings,
  strings: values.map((value) => new TextEncoder().encode(value)),
});
export const tensor = (name: string, t: OnnxTensor): Attribute => ({ name, type: ATTRIBUTE.tensor, t });
export const graph = (name: string, g: OnnxGraph): Attribute => ({ name, type: ATTRIBUTE.graph, g });

export interface OnnxNode {
  readonly opType: string;
  readonly name: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly Attribute[];
  readonly domain?: string;
}

export interface OnnxTensor {
  readonly name: string;
  readonly dataType: number;
  readonly dims: readonly number[];
  /** Little-endian, packed. */
  readonly rawData?: Uint8Array;
  readonly int64Data?: readonly number[];
  readonly externalData?: readonly { readonly key: string; readonly value: string }[];
  /** 1: in a file beside the model. */
  readonly dataLocation?: number;
}

export function floatTensor(name: string, dims: readonly number[], values: ArrayLike<number>): OnnxTensor {
  return { name, dataType: FLOAT, dims, rawData: new Uint8Array(Float32Array.from(values).buffer) };
}

export function intTensor(name: string, values: readonly number[]): OnnxTensor {
  return { name, dataType: INT64, dims: [values.length], int64Data: values };
}

/** Name and type of a graph input or output; a string is a symbolic size. */
export function valueInfo(
  name: string,
  shape: readonly (number | string)[],
  elemType: number = FLOAT,
): object {
  const dim = shape.map((d) => (typeof d === "string" ? { dimParam: d } : { dimValue: d }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

export interface OnnxGraph {
  readonly name: string;
  readonly node: readonly OnnxNode[];
  readonly initializer: readonly OnnxTensor[];
  readonly input: readonly object[];
  readonly output: readonly object[];
}

/** The bytes of a model file: IR version 9, opset 20 unless another is said. */
export function encodeModel(graph: OnnxGraph, opset = 20): Uint8Array {
  const model = { irVersion: opset > 20 ? 10 : 9, opsetImport: [{ domain: "", version: opset }], graph };
  return modelType.encode(modelType.create(model)).finish();
}
