/** Small files in the formats that `weft run` reads. */

/** An IDX file of bytes. */
export function idx(shape: readonly number[], values: readonly number[]): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt8(8, 2);
  header.writeUInt8(shape.length, 3);
  shape.forEach((d, i) => {
    header.writeUInt32BE(d, 4 + 4 * i);
  });
  return Buffer.concat([header, Buffer.from(values)]);
}

/** A .npy file, version 1; `header` replaces the header's text. */
export function npy(
  descr: string,
  shape: readonly number[],
  values: Float32Array | Float64Array | Uint8Array | BigInt64Array,
  header?: string,
): Buffer {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = header ?? `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims}), }`;
  const padded = Buffer.from(`${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`);
  const length = Buffer.alloc(2);
  length.writeUInt16LE(padded.length);
  const magic = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  return Buffer.concat([
    magic,
    length,
    padded,
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  ]);
}
