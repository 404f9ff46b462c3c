/** NumPy's .npy format, versions 1 to 3 (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html). */
import { UserError } from "../../compiler/errors.ts";
import { showShape } from "../../compiler/ir/type.ts";
import { type NumberArray, product } from "./array.ts";

interface ElementType {
  readonly bytes: number;
  read(view: DataView, at: number): number;
}

const TYPES: Readonly<Record<string, ElementType>> = {
  "|b1": { bytes: 1, read: (v, at) => (v.getUint8(at) === 0 ? 0 : 1) },
  "|u1": { bytes: 1, read: (v, at) => v.getUint8(at) },
  "|i1": { bytes: 1, read: (v, at) => v.getInt8(at) },
  "<u2": { bytes: 2, read: (v, at) => v.getUint16(at, true) },
  "<i2": { bytes: 2, read: (v, at) => v.getInt16(at, true) },
  "<u4": { bytes: 4, read: (v, at) => v.getUint32(at, true) },
  "<i4": { bytes: 4, read: (v, at) => v.getInt32(at, true) },
  "<i8": { bytes: 8, read: (v, at) => Number(v.getBigInt64(at, true)) },
  "<u8": { bytes: 8, read: (v, at) => Number(v.getBigUint64(at, true)) },
  "<f4": { bytes: 4, read: (v, at) => v.getFloat32(at, true) },
  "<f8": { bytes: 8, read: (v, at) => v.getFloat64(at, true) },
};

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

/** @throws UserError where the file is not .npy, is cut off, or holds what is not a C-ordered array of numbers */
export function parseNpy(bytes: Uint8Array, source: string): NumberArray {
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
  const type = TYPES[descr];
  if (type === undefined)
    throw new UserError({
      problem: `${source} holds values of type ${JSON.stringify(descr)}`,
      rule: `the types that are read are ${Object.keys(TYPES).join(" ")}`,
      fix: FIX,
    });
  if (order === "True")
    throw new UserError({
      problem: `${source} is stored in Fortran order`,
      fix: "save numpy.ascontiguousarray(array) instead",
    });
  const shape = dims.split(",").flatMap((d) => (d.trim() === "" ? [] : [Number(d)]));
  const expected = start + product(shape) * type.bytes;
  if (bytes.length !== expected)
    throw new UserError({
      problem: `${source} is ${bytes.length < expected ? "cut off" : "too long"}: ${bytes.length} bytes`,
      rule: `its header says ${showShape(shape)} of ${descr}, which takes ${expected} bytes`,
      fix: FIX,
    });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = new Float32Array(product(shape));
  for (let i = 0; i < data.length; i++) data[i] = type.read(view, start + i * type.bytes);
  return { shape, data };
}
