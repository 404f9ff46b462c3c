/** Weights in fewer bits than f32: numbers of f16, or whole numbers of which blocks have a scale, and the operators that make f32 of them. */
import { halves } from "../../../contract/half.ts";
import { BLOCK, QUANTISED, type QuantisedType, quantisedBlock } from "../../../contract/quantised.ts";
import type { Node } from "../../ir/graph.ts";
import { ELEMENT, floatTensor, int, intTensor, type OnnxNode, type OnnxTensor } from "./message.ts";

/** How the weights of a file are stored. What is computed with is f32. */
export type WeightStorage = "f32" | "f16" | QuantisedType;
export const STORAGES: readonly WeightStorage[] = ["f32", "f16", ...QUANTISED];

/** The least opset: blocks of an axis have scales since 21. */
export const opsetOfStorage = (storage: WeightStorage): number =>
  storage === "i8" || storage === "i4" ? 21 : 17;

/** The weights of layers: what has one axis, such as a bias, costs little and stays what it is, as do constants and statistics. */
export const isNarrowed = (node: Node): boolean =>
  node.kind === "param" &&
  (node.use === undefined || node.use === "adapter") &&
  node.type.dtype === "f32" &&
  node.type.shape.length > 1;

export interface Stored {
  readonly initializers: readonly OnnxTensor[];
  readonly nodes: readonly OnnxNode[];
  /** The name of the f32 tensor. */
  readonly name: string;
}

/** A weight of that name. `unique` gives names that nothing has. */
export function stored(
  name: string,
  shape: readonly number[],
  values: ArrayLike<number>,
  storage: Exclude<WeightStorage, "f32">,
  unique: (wanted: string) => string,
): Stored {
  const numbers = Float32Array.from(values);
  if (storage === "f16") {
    const bits = halves(numbers).subarray(0, numbers.length);
    const half = { name: unique(`${name}.f16`), dataType: ELEMENT.f16, dims: shape, rawData: bytesOf(bits) };
    const cast = {
      opType: "Cast",
      name,
      input: [half.name],
      output: [name],
      attribute: [int("to", ELEMENT.f32)],
    };
    return { initializers: [half], nodes: [cast], name };
  }
  const rows = shape[0] ?? 1;
  const columns = numbers.length / rows;
  const { whole, scales } = quantised(storage, numbers, columns);
  const elements = {
    name: unique(`${name}.${storage}`),
    dataType: ELEMENT[storage],
    dims: [rows, columns],
    rawData: storage === "i4" ? inPairs(whole) : bytesOf(whole),
  };
  const scale = floatTensor(unique(`${name}.scale`), [rows, Math.ceil(columns / BLOCK)], scales);
  const times = {
    opType: "DequantizeLinear",
    name,
    input: [elements.name, scale.name],
    output: [name],
    attribute: [int("axis", 1), int("block_size", BLOCK)],
  };
  if (shape.length === 2) return { initializers: [elements, scale], nodes: [times], name };
  const to = intTensor(unique(`${name}.shape`), shape);
  const whole4 = unique(`${name}.whole`);
  const reshape = { opType: "Reshape", name: whole4, input: [name, to.name], output: [whole4] };
  return { initializers: [elements, scale, to], nodes: [times, reshape], name: whole4 };
}

const bytesOf = (data: Uint16Array | Int8Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();

/** By blocks of a row. */
function quantised(
  type: QuantisedType,
  numbers: Float32Array,
  columns: number,
): { readonly whole: Int8Array; readonly scales: Float32Array } {
  const whole = new Int8Array(numbers.length);
  const scales: number[] = [];
  for (let row = 0; row < numbers.length; row += columns)
    for (let from = row; from < row + columns; from += BLOCK) {
      const block = quantisedBlock(type, numbers.subarray(from, Math.min(from + BLOCK, row + columns)));
      scales.push(block.scale);
      whole.set(block.whole, from);
    }
  return { whole, scales: Float32Array.from(scales) };
}

/** Two numbers of 4 bits a byte, the first in the lower half. */
const inPairs = (whole: Int8Array): Uint8Array =>
  Uint8Array.from(
    { length: Math.ceil(whole.length / 2) },
    (_, i) => ((whole[2 * i] ?? 0) & 15) | (((whole[2 * i + 1] ?? 0) & 15) << 4),
  );
