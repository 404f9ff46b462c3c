/** Tensors of a file as numbers: raw bytes, lists, or a part of a file beside it. */
import { plural, UserError } from "../errors.ts";
import type { Message } from "./schema.ts";
import { type ElementType, type Known, sizeOf, TYPES } from "./value.ts";

/** Files beside the model, by the names that it calls them. */
export type Files = Readonly<Record<string, Uint8Array>>;

const BYTES: Readonly<Record<ElementType, number>> = {
  f32: 4,
  f64: 8,
  f16: 2,
  bf16: 2,
  i8: 1,
  i16: 2,
  i32: 4,
  i64: 8,
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  u4: 0.5,
  i4: 0.5,
  bool: 1,
  string: 0,
};

/** The type of an ONNX number of it. Throws `UserError` for one that is none of ours. */
export function elementType(code: number | undefined, of: string): ElementType {
  const type = TYPES[(code ?? 0) as keyof typeof TYPES] as ElementType | undefined; // any number may stand there
  if (type) return type;
  throw new UserError({
    problem: `${of} has elements of type ${code ?? 0}`,
    rule: `the types that are read: ${Object.values(TYPES).join(", ")}`,
    fix: "a model in float32, before it is quantised",
  });
}

/** A name as a message shows it: short, and without what a terminal would obey. */
export function shown(name: string): string {
  const plain = name.replaceAll(/[^\x20-\x7e]/g, "?");
  return `"${plain.length > 80 ? `${plain.slice(0, 79)}…` : plain}"`;
}

type Proto = Message<"Tensor">;

const problem = (name: string, problem: string, rule: string): never => {
  throw new UserError({ problem: `tensor ${shown(name)} ${problem}`, rule });
};

/** The name of the file beside the model that holds the tensor's numbers; undefined where the model does. Throws `UserError`. */
export function fileOf(tensor: Proto): string | undefined {
  if (tensor.dataLocation !== 1) return undefined;
  const path = tensor.externalData.find((e) => e.key === "location")?.value ?? "";
  const parts = path.split(/[\\/]/);
  const leaves = path === "" || /^[\\/]|^[A-Za-z]:|\0/.test(path) || parts.includes("..");
  if (leaves)
    problem(
      tensor.name ?? "",
      `lies in the file ${shown(path)}`,
      "data of a model lie in its folder, or in one within it",
    );
  return parts.filter((part) => part !== "." && part !== "").join("/");
}

/** @throws UserError where its numbers are not all there */
export function readTensor(tensor: Proto, files: Files): Known {
  const name = tensor.name ?? "";
  const type = elementType(tensor.dataType, `tensor ${shown(name)}`);
  const shape = tensor.dims;
  const count = sizeOf(shape);
  if (shape.some((d) => !(Number.isSafeInteger(d) && d >= 0)) || !Number.isSafeInteger(count))
    problem(
      name,
      `has the shape [${shape.join(", ")}]`,
      "sizes are whole numbers, and their product is below 2^53",
    );
  const bytes = bytesOf(tensor, files, Math.ceil(count * BYTES[type]));
  const data = bytes ? fromBytes(type, bytes, count) : fromLists(type, tensor);
  if (data.length !== count)
    problem(
      name,
      `has ${data.length} ${plural(data.length, "number")}`,
      `its shape [${shape.join(", ")}] needs ${count}`,
    );
  return { kind: "known", type, shape, data, name };
}

function bytesOf(tensor: Proto, files: Files, need: number): Uint8Array | undefined {
  const name = tensor.name ?? "";
  const path = fileOf(tensor);
  let bytes = tensor.rawData;
  if (path !== undefined) {
    const file = Object.hasOwn(files, path) ? files[path] : undefined;
    if (!file)
      throw new UserError({
        problem: `the numbers of tensor ${shown(name)} lie in the file ${shown(path)}, which is not given`,
        rule: "an ONNX file may keep its weights in files beside it",
        fix: `the file beside the model, or files: { ${JSON.stringify(path)}: bytes }`,
      });
    const entry = (key: string, absent: number): number =>
      Number(tensor.externalData.find((e) => e.key === key)?.value ?? absent);
    const from = entry("offset", 0);
    const length = entry("length", file.length - from);
    const fits = Number.isSafeInteger(from) && from >= 0 && length >= 0 && from + length <= file.length;
    if (!fits)
      problem(
        name,
        `takes ${length} bytes from byte ${from} of ${shown(path)}`,
        `that file has ${file.length} bytes`,
      );
    bytes = file.subarray(from, from + length);
  }
  if (!bytes || (bytes.length === 0 && need > 0 && path === undefined)) return undefined;
  if (bytes.length !== need) problem(name, `has ${bytes.length} bytes`, `its shape and type need ${need}`);
  return bytes;
}

function fromBytes(type: ElementType, bytes: Uint8Array, count: number): ArrayLike<number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = <A extends { [i: number]: number }>(out: A, at: (i: number) => number): A => {
    for (let i = 0; i < count; i++) out[i] = at(i);
    return out;
  };
  switch (type) {
    case "f32":
      return new Float32Array(bytes.slice().buffer);
    case "f64":
      return read(new Float32Array(count), (i) => view.getFloat64(8 * i, true));
    case "f16":
      return read(new Float32Array(count), (i) => halfOf(view.getUint16(2 * i, true)));
    case "bf16":
      return bfloats(count, (i) => view.getUint16(2 * i, true));
    case "u8":
    case "bool":
      return bytes;
    case "i8":
      return new Int8Array(bytes.buffer, bytes.byteOffset, count);
    case "u16":
      return read(new Uint16Array(count), (i) => view.getUint16(2 * i, true));
    case "i16":
      return read(new Int16Array(count), (i) => view.getInt16(2 * i, true));
    case "i32":
      return read(new Int32Array(count), (i) => view.getInt32(4 * i, true));
    case "u32":
      return read(new Uint32Array(count), (i) => view.getUint32(4 * i, true));
    case "i64":
      return read(new Float64Array(count), (i) => Number(view.getBigInt64(8 * i, true)));
    case "u64":
      return read(new Float64Array(count), (i) => Number(view.getBigUint64(8 * i, true)));
    case "u4":
    case "i4":
      return nibbles(type, bytes, count);
    case "string":
      return [];
  }
}

/** Which list holds a type, as the schema's comments say; 16 bits lie in 32. */
function fromLists(type: ElementType, tensor: Proto): ArrayLike<number> {
  switch (type) {
    case "f32":
      return Float32Array.from(tensor.floatData);
    case "f64":
      return Float32Array.from(tensor.doubleData);
    case "f16":
      return Float32Array.from(tensor.int32Data, halfOf);
    case "bf16":
      return bfloats(tensor.int32Data.length, (i) => tensor.int32Data[i] ?? 0);
    case "i64":
      return tensor.int64Data;
    case "u64":
    case "u32":
      return tensor.uint64Data;
    case "u4":
    case "i4":
      return nibbles(type, tensor.int32Data, sizeOf(tensor.dims));
    default:
      return tensor.int32Data;
  }
}

/** The number that 16 bits of IEEE 754 mean. */
function halfOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** Two numbers a byte, the first in its lower half. */
function nibbles(type: "u4" | "i4", bytes: ArrayLike<number>, count: number): Int8Array {
  const most = type === "u4" ? 15 : 7;
  return Int8Array.from({ length: Math.min(count, 2 * bytes.length) }, (_, i) => {
    const bits = ((bytes[i >> 1] ?? 0) >> (4 * (i & 1))) & 15;
    return bits > most ? bits - 16 : bits;
  });
}

/** bfloat16 is the upper half of f32. */
function bfloats(count: number, bits: (i: number) => number): Float32Array {
  const words = new Uint32Array(count);
  for (let i = 0; i < count; i++) words[i] = bits(i) << 16;
  return new Float32Array(words.buffer);
}
