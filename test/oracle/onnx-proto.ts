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
    }),
    AttributeProto: message({
      name: ["string", 1],
      f: ["float", 2],
      i: ["int64", 3],
      floats: ["float", 7, "repeated"],
      ints: ["int64", 8, "repeated"],
      type: ["int32", 20],
    }),
    TensorProto: message({
      dims: ["int64", 1, "repeated"],
      dataType: ["int32", 2],
      int64Data: ["int64", 7, "repeated"],
      name: ["string", 8],
      rawData: ["bytes", 9],
    }),
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
const ATTRIBUTE = { float: 1, int: 2, ints: 7 } as const;

export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly f?: number;
  readonly i?: number;
  readonly ints?: readonly number[];
}

export const int = (name: string, i: number): Attribute => ({ name, type: ATTRIBUTE.int, i });
export const float = (name: string, f: number): Attribute => ({ name, type: ATTRIBUTE.float, f });
export const ints = (name: string, values: readonly number[]): Attribute => ({
  name,
  type: ATTRIBUTE.ints,
  ints: values,
});

export interface OnnxNode {
  readonly opType: string;
  readonly name: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly Attribute[];
}

export interface OnnxTensor {
  readonly name: string;
  readonly dataType: number;
  readonly dims: readonly number[];
  /** Little-endian, packed. */
  readonly rawData?: Uint8Array;
  readonly int64Data?: readonly number[];
}

export function floatTensor(name: string, dims: readonly number[], values: ArrayLike<number>): OnnxTensor {
  return { name, dataType: FLOAT, dims, rawData: new Uint8Array(Float32Array.from(values).buffer) };
}

export function intTensor(name: string, values: readonly number[]): OnnxTensor {
  return { name, dataType: INT64, dims: [values.length], int64Data: values };
}

/** Name and type of a graph input or output; a string is a symbolic size. */
export function valueInfo(name: string, shape: readonly (number | string)[]): object {
  const dim = shape.map((d) => (typeof d === "string" ? { dimParam: d } : { dimValue: d }));
  return { name, type: { tensorType: { elemType: FLOAT, shape: { dim } } } };
}

export interface OnnxGraph {
  readonly name: string;
  readonly node: readonly OnnxNode[];
  readonly initializer: readonly OnnxTensor[];
  readonly input: readonly object[];
  readonly output: readonly object[];
}

/** The bytes of a model file: IR version 9, opset 20. */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const model = { irVersion: 9, opsetImport: [{ domain: "", version: 20 }], graph };
  return modelType.encode(modelType.create(model)).finish();
}
