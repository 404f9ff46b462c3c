/** Parameters from outside: safetensors read and written, and checked against a model before use. */
import { WeftError } from "./errors.ts";
import { LARGEST_HALF } from "./f16.ts";
import type { ParamSpec } from "./program.ts";
import { ARRAYS, dtypeOf, kindOf, sizeOf, type Tensor, type TensorData } from "./tensor.ts";
import { showSizes } from "./type.ts";

/** Tensors by name. */
export type Weights = Readonly<Record<string, Tensor>>;

const fail = (why: string): never => {
  throw new WeftError("weights", `weights: ${why}`);
};

/** Throws. */
export const failAt = (name: string, why: string): never => fail(`"${name}" ${why}`);

/** Throws unless `count` units, of which an element has `each`, fill the shape. */
function checkSize(name: string, shape: readonly number[], count: number, unit: string, each: number): void {
  const need = sizeOf(shape) * each;
  if (count !== need) failAt(name, `has ${count} ${unit}, its shape ${showSizes(shape)} needs ${need}`);
}

/** An entry of a safetensors header, as far as it can be trusted. */
interface Entry {
  readonly dtype?: unknown;
  readonly shape?: unknown;
  readonly data_offsets?: unknown;
}

const BYTES = "ArrayBuffer or Uint8Array";

/** The bytes that a buffer or a view of bytes holds, copied where they are shared; undefined of anything else. */
export function plainBytes(value: unknown): Uint8Array | undefined {
  const kind = kindOf(value);
  const buffer = kind.endsWith("ArrayBuffer");
  if (!buffer && kind !== "Uint8Array") return undefined;
  const bytes = buffer ? new Uint8Array(value as ArrayBuffer) : (value as Uint8Array);
  return kindOf(bytes.buffer) === "ArrayBuffer" ? bytes : bytes.slice();
}

/** Tensors by name, as they are or read from bytes. Throws `WeftError` "weights" that names any other kind. */
export function tensorsOf(weights: unknown): Weights {
  const bytes = plainBytes(weights);
  if (bytes) return parse(bytes);
  const kind = kindOf(weights);
  if (kind === "Object") return weights as Weights; // each tensor is checked by `checkWeights`
  return fail(
    `${kind}, but they have to be the ${BYTES} of a safetensors file, or tensors by name` +
      (kind === "Promise" ? "; try: await" : kind === "String" ? "; try: readWeights of weftgpu/node" : ""),
  );
}

/** What elements of each type become, by its name in small letters. */
export type Arrays<Data> = Readonly<
  Record<
    string,
    { readonly BYTES_PER_ELEMENT: number; new (buffer: ArrayBuffer, from: number, length: number): Data }
  >
>;

/** Reads a safetensors file of these types; of Weft's own where none are given. */
export function parse<Data = TensorData>(
  bytes: ArrayBuffer | Uint8Array,
  arrays = ARRAYS as unknown as Arrays<Data>, // without another list, Data is what these hold
): Record<string, { readonly shape: readonly number[]; readonly data: Data }> {
  const { buffer, byteOffset, length } = plainBytes(bytes) ?? fail(`${kindOf(bytes)} is no ${BYTES}`);
  const start = length < 8 ? length + 1 : 8 + Number(new DataView(buffer, byteOffset).getBigUint64(0, true));
  if (start > length) fail(`${length} bytes are no safetensors file, or it is truncated`);
  let header: Record<string, Entry | null> | null;
  try {
    header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, byteOffset + 8, start - 8)));
  } catch (error) {
    return fail(`the safetensors header is no JSON: ${(error as Error).message}`);
  }
  const out: ReturnType<typeof parse<Data>> = Object.create(null);
  const all: [begin: number, end: number, name: string][] = [];
  for (const [name, entry] of Object.entries(header ?? {})) {
    if (name === "__metadata__") continue;
    const { dtype, shape, data_offsets: at } = entry ?? {};
    if (typeof dtype !== "string" || !isSizes(shape) || !isSizes(at) || at.length !== 2)
      return failAt(name, "is no header entry");
    const [begin, end] = at as [number, number];
    const Data = arrays[dtype.toLowerCase()];
    const each = Data?.BYTES_PER_ELEMENT; // none of what every object has, such as "constructor"
    if (!each) return failAt(name, `is ${dtype}; try: readWeights of weftgpu/weights`);
    checkSize(name, shape, end - begin, "bytes", each);
    if (start + end > length)
      failAt(name, `ends at byte ${end} of ${length - start} bytes of data: is the file truncated?`);
    const from = byteOffset + start + begin;
    const odd = from % each;
    const data = (odd ? buffer.slice(from, from + end - begin) : buffer) as ArrayBuffer;
    out[name] = { shape, data: new Data(data, odd ? 0 : from, sizeOf(shape)) };
    all.push([begin, end, name]);
  }
  let used = 0;
  // By where they lie: of tensors that neither overlap nor are both empty, the sums of both ends are in their order.
  for (const [begin, end, name] of all.sort((a, b) => a[0] + a[1] - b[0] - b[1])) {
    if (begin !== used) failAt(name, `${begin < used ? "overlaps" : "leaves a gap after"} another tensor`);
    used = end;
  }
  if (start + used < length) fail(`${length - start - used} bytes follow the last tensor`);
  return out;
}

/**
 * Reads a safetensors file (https://github.com/huggingface/safetensors, "Format"): the header's length as u64, a
 * JSON header, the data. The tensors are views of `bytes` where alignment allows, else copies.
 *
 * Every offset is checked: tensors must fill the data part without overlap, gap or rest, as the format demands.
 * Types: F32, I32, U32; `readWeights` of weftgpu/weights converts the others. Throws `WeftError` with the tensor's name.
 */
export const readSafetensors: (bytes: ArrayBuffer | Uint8Array) => Record<string, Tensor> = parse;

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

/**
 * Writes a safetensors file, with `metadata` as the format's `__metadata__`. Equal tensors and metadata give equal
 * bytes: names in code-unit order, the header padded to 8. Throws `WeftError` "weights" of what is no tensor or no text.
 */
export function writeSafetensors(
  tensors: Weights,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  if (kindOf(tensors) !== "Object") fail(`${kindOf(tensors)}, but they have to be tensors by name`);
  let used = 0;
  const parts = Object.entries(tensors)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, tensor]) => {
      const { shape, data } = checkTensor(name, tensor);
      const dtype = dtypeOf(data) ?? failAt(name, "is no Float32Array, Int32Array or Uint32Array");
      checkSize(name, shape, data.length, "elements", 1);
      const at = used;
      used += data.byteLength;
      return { name, data, at, entry: { dtype: dtype.toUpperCase(), shape, data_offsets: [at, used] } };
    });
  const notes = checkTexts(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  const header = {
    ...(notes.length && { __metadata__: Object.fromEntries(notes) }),
    ...Object.fromEntries(parts.map(({ name, entry }) => [name, entry])),
  };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(start + used).fill(32, 8, start);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  file.set(text, 8);
  for (const { data, at } of parts)
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start + at);
  return file;
}

/** Throws unless it has sizes and elements, which have to fit. */
function checkTensor(name: string, tensor: Tensor): Tensor {
  if (!tensor?.data || !isSizes(tensor.shape))
    failAt(name, `is ${kindOf(tensor)}, but has to be { shape, data }`);
  return tensor;
}

/** The entries of `__metadata__`. Throws unless they are texts, as the format has them. */
export function checkTexts(metadata: object): [string, string][] {
  if (kindOf(metadata) !== "Object")
    failAt("__metadata__", `is ${kindOf(metadata)}, but has to be texts by name`);
  for (const [name, value] of Object.entries(metadata))
    if (typeof value !== "string") failAt(name, `of __metadata__ is no text, but ${typeof value}`);
  return Object.entries(metadata); // as checked
}

/** The parameters' values in the program's order. Throws `WeftError` that names the parameter. */
export function checkWeights(
  params: readonly (Pick<ParamSpec, "name" | "dtype" | "shape" | "storage"> &
    Partial<Pick<ParamSpec, "init">>)[],
  weights: Weights,
): TensorData[] {
  const extra = Object.keys(weights).filter((name) => !params.some((p) => p.name === name));
  const more = extra.length ? `not in the model: "${extra.join('", "')}"` : "";
  const values = params.map(({ name, dtype, shape, storage, init }) => {
    const tensor = Object.hasOwn(weights, name) ? weights[name] : undefined;
    if (tensor === undefined)
      return init?.values
        ? ARRAYS[dtype].from(init.values)
        : failAt(name, `${showSizes(shape)} is missing${more && `; ${more}`}`);
    const { data } = checkTensor(name, tensor);
    if (`${tensor.shape}` !== `${shape}`)
      failAt(name, `has shape ${showSizes(tensor.shape)}, the model wants ${showSizes(shape)}`);
    if (dtypeOf(data) !== dtype)
      failAt(name, `is ${dtypeOf(data) ?? kindOf(data)}, the model wants ${dtype}`);
    checkSize(name, shape, data.length, "elements", 1);
    const bad = data.findIndex((x: number) => !(Math.abs(x) <= (storage ? LARGEST_HALF : Number.MAX_VALUE)));
    if (bad >= 0) failAt(name, `holds ${data[bad]} at element ${bad}${storage ? ", beyond f16" : ""}`);
    return data;
  });
  if (more) fail(more);
  return values;
}
