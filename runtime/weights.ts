/** Parameters from outside: safetensors read and written, and checked against a model before use. */
import type { ParamSpec } from "../compiler/ir/program.ts";
import { WeftError } from "./errors.ts";
import { ARRAYS, dtypeOf, show, sizeOf, type Tensor, type TensorData } from "./tensor.ts";

/** Tensors by name. */
export type Weights = Readonly<Record<string, Tensor>>;

const fail = (message: string): never => {
  throw new WeftError("weights", message);
};

/**
 * Reads a safetensors file (https://github.com/huggingface/safetensors, "Format"): the header's length as u64, a
 * JSON header, the data. The tensors are views of `bytes` where alignment allows, else copies.
 *
 * Every offset is checked: tensors must fill the data part without overlap, gap or rest, as the format demands.
 * Types: F32, I32, U32. Throws `WeftError` with the tensor's name.
 */
export function readSafetensors(bytes: ArrayBuffer | Uint8Array): Record<string, Tensor> {
  const file = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  const truncated = `weights: the file is truncated or no safetensors file (${file.length} bytes`;
  if (file.length < 8) fail(`${truncated})`);
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const start = 8 + length;
  if (start > file.length) fail(`${truncated}, header of ${length})`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(file.subarray(8, start)));
  } catch (e) {
    fail(`weights: the safetensors header is no JSON: ${(e as Error).message}`);
  }
  if (!isRecord(header)) return fail("weights: the safetensors header is no object");

  const tensors: Record<string, Tensor> = Object.create(null);
  const spans: { name: string; begin: number; end: number }[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {};
    if (!isSizes(shape) || !isSizes(offsets) || offsets.length !== 2)
      return fail(`weights: "${name}" has no valid shape and data_offsets`);
    const Data = Object.entries(ARRAYS).find(([name]) => name.toUpperCase() === dtype)?.[1];
    if (!Data) return fail(`weights: "${name}" is ${String(dtype)}; F32, I32 and U32 can be read`);
    const [begin, end] = offsets as [number, number];
    if (start + end > file.length)
      fail(`weights: "${name}" ends at byte ${end}, the file's data at ${file.length - start}: truncated?`);
    if (end - begin !== 4 * sizeOf(shape))
      fail(
        `weights: "${name}" has ${end - begin} bytes, but its shape ${show(shape)} needs ${4 * sizeOf(shape)}`,
      );
    const at = file.byteOffset + start + begin;
    tensors[name] = {
      shape,
      data:
        at % 4
          ? new Data(file.slice(start + begin, start + end).buffer)
          : new Data(file.buffer as ArrayBuffer, at, sizeOf(shape)),
    };
    spans.push({ name, begin, end });
  }
  let used = 0;
  for (const { name, begin, end } of spans.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== used)
      fail(`weights: "${name}" ${begin < used ? "overlaps" : "leaves a gap after"} another tensor`);
    used = end;
  }
  if (start + used !== file.length)
    fail(`weights: ${file.length - start - used} bytes follow the last tensor`);
  return tensors;
}

/** Writes a safetensors file. Equal tensors give equal bytes: names in code-unit order, the header padded to 8. */
export function writeSafetensors(tensors: Weights): Uint8Array<ArrayBuffer> {
  let used = 0;
  const parts = Object.entries(tensors)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { shape, data }]) => {
      const dtype = dtypeOf(data) ?? fail(`weights: "${name}" is no Float32Array, Int32Array or Uint32Array`);
      if (sizeOf(shape) !== data.length)
        fail(`weights: "${name}" has ${data.length} elements, but its shape is ${show(shape)}`);
      const at = used;
      used += data.byteLength;
      return { name, data, at, entry: { dtype: dtype.toUpperCase(), shape, data_offsets: [at, used] } };
    });
  const header = Object.fromEntries(parts.map(({ name, entry }) => [name, entry]));
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(start + used).fill(32, 8, start);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  file.set(text, 8);
  for (const { data, at } of parts)
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start + at);
  return file;
}

/** The parameters' values in the program's order. Throws `WeftError` that names the parameter. */
export function checkWeights(params: readonly ParamSpec[], weights: Weights): TensorData[] {
  const known = new Set(params.map((p) => p.name));
  const extra = Object.keys(weights).filter((name) => !known.has(name));
  const values = params.map(({ name, dtype, shape }) => {
    const tensor = Object.hasOwn(weights, name) ? weights[name] : undefined;
    if (!tensor?.data)
      return fail(
        `weights: "${name}" ${show(shape)} is missing${extra.length ? `; not in the model: ${quote(extra)}` : ""}`,
      );
    const { data } = tensor;
    if (`${tensor.shape}` !== `${shape}`)
      fail(`weights: "${name}" has shape ${show(tensor.shape ?? [])}, the model wants ${show(shape)}`);
    if (dtypeOf(data) !== dtype)
      fail(`weights: "${name}" is ${dtypeOf(data) ?? "no typed array"}, the model wants ${dtype}`);
    if (data.length !== sizeOf(shape))
      fail(`weights: "${name}" has ${data.length} elements, its shape ${show(shape)} needs ${sizeOf(shape)}`);
    const bad = data.findIndex((x: number) => !Number.isFinite(x));
    if (bad >= 0) fail(`weights: "${name}" holds ${data[bad]} at element ${bad}`);
    return data;
  });
  if (extra.length) fail(`weights: the model has no parameter ${quote(extra)}`);
  return values;
}

function quote(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
