/**
 * PyTorch's files, .pt and .pth, as `torch.save` writes them since version 1.6: a zip archive of data.pkl, which says what
 * there is, and a file of numbers for each storage. Tensors are read, and nothing is run.
 */
import { unzipSync } from "fflate";
import { UserError } from "../../compiler/errors.ts";
import { STORED, type Stored, type StoredData } from "../../contract/stored.ts";
import { refused } from "./kind.ts";
import { PickleError } from "./pickle.ts";
import { type Storage, tensorsIn, type View } from "./tensors.ts";

/** Bytes of the description: a million tensors take some hundred million, no network has so many. */
const LARGEST_PICKLE = 2 ** 25;
/** Bytes of all tensors together, as parts of the file's: tensors may share numbers, but not without end. */
const MOST_SHARED = 8;
/** A header in an archive has that many bytes at least. */
const LEAST_HEADER = 46;

/** Throws `UserError` where the file is damaged or holds anything but tensors. */
export function readPyTorch(bytes: Uint8Array, shown: string): Readonly<Record<string, Stored>> {
  try {
    return read(bytes);
  } catch (error) {
    if (error instanceof PickleError)
      throw refused(
        shown,
        error.message,
        error.global === undefined
          ? "an archive of torch.save holds data.pkl and the numbers of each storage"
          : "tensors are read, and no code is run: classes and functions of other kinds are refused",
      );
    if (error instanceof UserError) throw error;
    // What the library throws of a damaged archive.
    throw refused(
      shown,
      "it is a damaged archive",
      "an archive of torch.save holds data.pkl and the numbers of each storage",
    );
  }
}

function read(bytes: Uint8Array): Readonly<Record<string, Stored>> {
  const [[name, pickle] = []] = Object.entries(
    unpacked(bytes, (each, size) => {
      const wanted = /(^|\/)data\.pkl$/.test(each) && each.split("/").length <= 2;
      if (wanted && size > LARGEST_PICKLE) throw new PickleError(`its data.pkl has ${size} bytes`);
      return wanted;
    }),
  );
  if (name === undefined || pickle === undefined) throw new PickleError("it has no data.pkl");
  const folder = name.slice(0, -"data.pkl".length);
  const views = tensorsIn(pickle);
  const storages = new Map<string, Storage>();
  let total = 0;
  for (const { storage, shape } of views.values()) {
    const at = `${folder}data/${storage.key}`;
    const { BYTES_PER_ELEMENT: each } = STORED[storage.type];
    const before = storages.get(at);
    if (before && (before.length !== storage.length || before.type !== storage.type))
      throw new PickleError(`its storage ${storage.key} is described in two ways`);
    storages.set(at, storage);
    total += each * shape.reduce((a, b) => a * b, 1);
  }
  if (total > MOST_SHARED * bytes.length)
    throw new PickleError(
      `its tensors have ${total} bytes, more than ${MOST_SHARED} times those of the file`,
    );
  const order = `${folder}byteorder`;
  const files = unpacked(bytes, (each) => each === order || storages.has(each));
  const little = files[order];
  if (little && new TextDecoder().decode(little) !== "little")
    throw new PickleError("its numbers begin with their high bytes");
  const arrays = new Map([...storages].map(([at, storage]) => [at, arrayOf(files[at], storage)]));
  const tensors: Record<string, Stored> = Object.create(null);
  for (const [key, view] of views) {
    const data = arrays.get(`${folder}data/${view.storage.key}`);
    if (data) tensors[key] = { shape: view.shape, data: elements(view, data) };
  }
  return tensors;
}

/** The files of an archive that are wanted, none of which is compressed, and which together are no more than the archive. */
function unpacked(
  bytes: Uint8Array,
  wants: (name: string, size: number) => boolean,
): Readonly<Record<string, Uint8Array>> {
  const sizes = new Map<string, number>();
  let [entries, total] = [0, 0];
  const files = unzipSync(bytes, {
    filter({ name, size, originalSize, compression }) {
      if (++entries > bytes.length / LEAST_HEADER) throw new PickleError("it is a damaged archive");
      if (!wants(name, size)) return false;
      if (compression !== 0 || size !== originalSize) throw new PickleError(`${name} is compressed`);
      if (sizes.has(name)) throw new PickleError(`it has ${name} twice`);
      total += size;
      if (!(total <= bytes.length)) throw new PickleError(`${name} is larger than the file`);
      sizes.set(name, size);
      return true;
    },
  });
  for (const [name, size] of sizes)
    if (files[name]?.length !== size) throw new PickleError(`${name} is cut off`);
  return files;
}

function arrayOf(bytes: Uint8Array | undefined, { key, type, length }: Storage): StoredData {
  const Data = STORED[type];
  const need = length * Data.BYTES_PER_ELEMENT;
  if (bytes?.length !== need)
    throw new PickleError(`its storage ${key} has ${bytes?.length ?? "no"} bytes, and needs ${need}`);
  return new Data(bytes.slice().buffer);
}

/** A part of the storage where rows lie one after the other, else a copy. */
function elements({ offset, shape, strides }: View, data: StoredData): StoredData {
  const count = shape.reduce((a, b) => a * b, 1);
  const dense = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  if (shape.every((size, axis) => size <= 1 || strides[axis] === dense[axis]) || count === 0)
    return data.subarray(offset, offset + count);
  const out = data.slice(0, count);
  for (let i = 0; i < count; i++) {
    let [rest, from] = [i, offset];
    for (const [axis, step] of dense.entries()) {
      from += Math.floor(rest / step) * (strides[axis] ?? 0);
      rest %= step;
    }
    out[i] = data[from] as never; // an element of the same kind of array
  }
  return out;
}
