/** NumPy's .npy format, versions 1 to 3 (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html). */
import { plural, UserError } from "../compiler/errors.ts";
import { showShape } from "../contract/shapes.ts";
import type { DType } from "../contract/type.ts";
import { type NumberArray, numbers, product } from "./array.ts";

interface ElementType {
  readonly bytes: number;
  read(view: DataView, at: number, little: boolean): number;
}

/** By kind and bytes, as NumPy's type strings have them after the order of bytes. */
const TYPES: Readonly<Record<string, ElementType>> = {
  b1: { bytes: 1, read: (v, at) => (v.getUint8(at) === 0 ? 0 : 1) },
  u1: { bytes: 1, read: (v, at) => v.getUint8(at) },
  i1: { bytes: 1, read: (v, at) => v.getInt8(at) },
  u2: { bytes: 2, read: (v, at, little) => v.getUint16(at, little) },
  i2: { bytes: 2, read: (v, at, little) => v.getInt16(at, little) },
  u4: { bytes: 4, read: (v, at, little) => v.getUint32(at, little) },
  i4: { bytes: 4, read: (v, at, little) => v.getInt32(at, little) },
  u8: { bytes: 8, read: (v, at, little) => Number(v.getBigUint64(at, little)) },
  i8: { bytes: 8, read: (v, at, little) => Number(v.getBigInt64(at, little)) },
  f2: { bytes: 2, read: (v, at, little) => half(v.getUint16(at, little)) },
  f4: { bytes: 4, read: (v, at, little) => v.getFloat32(at, little) },
  f8: { bytes: 8, read: (v, at, little) => v.getFloat64(at, little) },
};

/** The number of 16 bits of IEEE 754 binary16. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The type and whether its low byte comes first; `|` says that there is no order, `=` the machine's. */
function typeOf(
  descr: string,
): { readonly name: string; readonly type: ElementType; readonly little: boolean } | undefined {
  const [order = "", name] = [descr.slice(0, 1), descr.slice(1)];
  const type = TYPES[name];
  if (type === undefined || !(type.bytes === 1 ? "|<>=" : "<>=").includes(order)) return undefined;
  return { name, type, little: order !== ">" };
}

/** Where in a Fortran-ordered array the element lies that is at `position` in row-major order. */
function fortranPosition(position: number, shape: readonly number[]): number {
  const index: number[] = [];
  let rest = position;
  for (const size of shape.toReversed()) {
    index.push(rest % size);
    rest = Math.floor(rest / size);
  }
  return index.reduce((at, i, axis) => at * (shape[shape.length - 1 - axis] ?? 1) + i, 0);
}

const FIX = "save it again with numpy.save(path, array.astype('float32'))";

/** Where the values begin, and the header's text. */
function readHeader(bytes: Uint8Array, source: string): { readonly text: string; readonly start: number } {
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (!magic.every((byte, i) => bytes[i] === byte))
    throw new UserError({
      problem: `${source} is not a .npy file`,
      rule: "a .npy file begins with the byte 0x93 and NUMPY",
      fix: FIX,
    });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = (bytes[6] ?? 0) >= 2;
  const from = wide ? 12 : 10;
  const length =
    bytes.length < from ? Number.POSITIVE_INFINITY : wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (from + length > bytes.length)
    throw new UserError({ problem: `${source} is a .npy file that is cut off inside its header`, fix: FIX });
  return { text: new TextDecoder().decode(bytes.subarray(from, from + length)), start: from + length };
}

/** @throws UserError where the file is not .npy, is cut off, or holds what is no array of numbers of an input's type */
export function parseNpy(bytes: Uint8Array, source: string, dtype: DType = "f32"): NumberArray {
  const { text, start } = readHeader(bytes, source);
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const dims = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(text)?.[1];
  if (descr === undefined || order === undefined || dims === undefined)
    throw new UserError({
      problem: `${source} has a .npy header that cannot be read: ${JSON.stringify(text.trim().slice(0, 80))}`,
      rule: "the header names descr, fortran_order and shape",
      fix: FIX,
    });
  const found = typeOf(descr);
  if (found === undefined)
    throw new UserError({
      problem: `${source} holds values of type ${JSON.stringify(descr)}`,
      rule: `the types that are read are ${Object.keys(TYPES).join(" ")}, in either order of bytes`,
      fix: FIX,
    });
  const { name, type, little } = found;
  const shape = dims.split(",").flatMap((d) => (d.trim() === "" ? [] : [Number(d)]));
  const expected = start + product(shape) * type.bytes;
  if (bytes.length !== expected)
    throw new UserError({
      problem: `${source} is ${bytes.length < expected ? "cut off" : "too long"}: ${bytes.length} ${plural(bytes.length, "byte")}`,
      rule: `its header says ${showShape(shape)} of ${descr}, which takes ${expected} bytes`,
      fix: FIX,
    });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = order === "True" ? (i: number) => fortranPosition(i, shape) : (i: number) => i;
  const read = (i: number): number => type.read(view, start + at(i) * type.bytes, little);
  const data = numbers(dtype, product(shape), read, source);
  return { shape, data, bytes: name === "u1" };
}
