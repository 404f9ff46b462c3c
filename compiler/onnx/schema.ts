/**
 * The messages of an ONNX file, as far as they are read: name, number, type (onnx.proto of the ONNX project, IR version 3 to 11).
 * Fields that are not here are passed over.
 */

/** A whole number (within 2^53 exactly), a text, or what lies in the file as it is. */
interface Plain {
  readonly int: number;
  readonly float: number;
  readonly double: number;
  readonly text: string;
  readonly bytes: Uint8Array;
}
type Field = readonly [id: number, type: keyof Plain | MessageName, many?: "many"];

const messages = {
  Model: {
    irVersion: [1, "int"],
    producerName: [2, "text"],
    producerVersion: [3, "text"],
    graph: [7, "Graph"],
    opsetImport: [8, "OperatorSet", "many"],
    functions: [25, "Function", "many"],
  },
  OperatorSet: { domain: [1, "text"], version: [2, "int"] },
  Function: {
    name: [1, "text"],
    input: [4, "text", "many"],
    output: [5, "text", "many"],
    attribute: [6, "text", "many"],
    node: [7, "Node", "many"],
    opsetImport: [9, "OperatorSet", "many"],
    domain: [10, "text"],
    attributeProto: [11, "Attribute", "many"],
  },
  Graph: {
    node: [1, "Node", "many"],
    name: [2, "text"],
    initializer: [5, "Tensor", "many"],
    input: [11, "ValueInfo", "many"],
    output: [12, "ValueInfo", "many"],
    sparseInitializer: [15, "Nothing", "many"],
  },
  Node: {
    input: [1, "text", "many"],
    output: [2, "text", "many"],
    name: [3, "text"],
    opType: [4, "text"],
    attribute: [5, "Attribute", "many"],
    domain: [7, "text"],
  },
  Attribute: {
    name: [1, "text"],
    f: [2, "float"],
    i: [3, "int"],
    s: [4, "bytes"],
    t: [5, "Tensor"],
    g: [6, "Graph"],
    floats: [7, "float", "many"],
    ints: [8, "int", "many"],
    strings: [9, "bytes", "many"],
    type: [20, "int"],
    refAttrName: [21, "text"],
  },
  Tensor: {
    dims: [1, "int", "many"],
    dataType: [2, "int"],
    floatData: [4, "float", "many"],
    int32Data: [5, "int", "many"],
    int64Data: [7, "int", "many"],
    name: [8, "text"],
    rawData: [9, "bytes"],
    doubleData: [10, "double", "many"],
    uint64Data: [11, "int", "many"],
    externalData: [13, "Entry", "many"],
    dataLocation: [14, "int"],
  },
  Entry: { key: [1, "text"], value: [2, "text"] },
  ValueInfo: { name: [1, "text"], type: [2, "Type"] },
  Type: { tensor: [1, "TensorType"] },
  TensorType: { elemType: [1, "int"], shape: [2, "Shape"] },
  Shape: { dim: [1, "Dimension", "many"] },
  Dimension: { value: [1, "int"], param: [2, "text"] },
  Nothing: {},
} as const;

export type MessageName = keyof typeof messages;
type Schema = typeof messages;
type TypeOf<T> = T extends keyof Plain ? Plain[T] : T extends MessageName ? Message<T> : never;

/** A message as it was read: lists are there, empty or not; anything else may be absent. */
export type Message<M extends MessageName> = {
  readonly [F in keyof Schema[M]]: Schema[M][F] extends readonly [number, infer T, "many"]
    ? readonly TypeOf<T>[]
    : Schema[M][F] extends readonly [number, infer T]
      ? TypeOf<T> | undefined
      : never;
};

type WrittenOf<T> = T extends keyof Plain ? Plain[T] : T extends MessageName ? Written<T> : never;

/** A message to be written: what is absent is left out. */
export type Written<M extends MessageName> = {
  readonly [F in keyof Schema[M]]?: Schema[M][F] extends readonly [number, infer T, "many"]
    ? readonly WrittenOf<T>[]
    : Schema[M][F] extends readonly [number, infer T]
      ? WrittenOf<T>
      : never;
};

export const MESSAGES: Readonly<Record<MessageName, Readonly<Record<string, Field>>>> = messages;
