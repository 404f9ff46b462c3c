/** The pictures: drawn by Weft's own code, or read from the files of Fashion-MNIST or MNIST. */
import { synthetic } from "../../data/synthetic.ts";

export interface Pictures {
  /** 28 × 28 bytes a picture. */
  readonly images: Uint8Array;
  readonly labels: Uint8Array | Uint16Array | Uint32Array;
}

export interface Data {
  readonly train: Pictures;
  readonly test: Pictures;
  /** The names of the classes; empty where only their numbers are known. */
  readonly classes: readonly string[];
}

export const SIDE = 28;
const CLASSES = 10;
/** The synthetic set has so many pictures to test with for each to train with, as have MNIST and Fashion-MNIST. */
const TEST_SHARE = 1 / 6;

export function drawn(limit: number): Data {
  const { train, test } = synthetic(limit, Math.ceil(limit * TEST_SHARE));
  const pictures = ({ images, labels }: Pictures): Pictures => ({ images, labels });
  return { train: pictures(train), test: pictures(test), classes: train.classes };
}

/** The first `limit` pictures to train with, and of those to test with as large a part. */
export function firstOf({ train, test, classes }: Data, limit: number): Data {
  const rows = train.labels.length;
  const share = Math.min(1, limit / rows);
  const first = ({ images, labels }: Pictures, count: number): Pictures => ({
    images: images.subarray(0, count * SIDE * SIDE),
    labels: labels.subarray(0, count),
  });
  return {
    train: first(train, Math.min(limit, rows)),
    test: first(test, Math.ceil(test.labels.length * share)),
    classes,
  };
}

/** Throws an `Error` that says which file is missing or wrong, and in what. */
export async function readFiles(files: readonly File[]): Promise<Data> {
  const find = async (part: RegExp, kind: RegExp, like: string, rank: number): Promise<Idx> => {
    const file = files.find(({ name }) => part.test(name) && kind.test(name));
    if (!file) throw new Error(`There is no ${like} among the files`);
    return readIdx(file, rank);
  };
  const [train, test] = [/^(?!.*(t10k|test))/i, /t10k|test/i];
  const pair = async (part: RegExp, prefix: string): Promise<Pictures> => {
    const images = await find(part, /images/i, `${prefix}-images-idx3-ubyte.gz`, 3);
    const labels = await find(part, /labels/i, `${prefix}-labels-idx1-ubyte.gz`, 1);
    if (images.shape[1] !== SIDE || images.shape[2] !== SIDE)
      throw new Error(
        `${images.name} holds pictures of ${images.shape.slice(1).join(" × ")}, LeNet takes 28 × 28`,
      );
    if (images.shape[0] !== labels.shape[0])
      throw new Error(
        `${images.name} holds ${images.shape[0]} pictures, but ${labels.name} ${labels.shape[0]} labels`,
      );
    const wrong = labels.data.findIndex((label) => label >= CLASSES);
    if (wrong >= 0)
      throw new Error(`${labels.name}: label ${wrong} is ${labels.data[wrong]}, the classes are 0 to 9`);
    return { images: images.data, labels: labels.data };
  };
  return { train: await pair(train, "train"), test: await pair(test, "t10k"), classes: [] };
}

interface Idx {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** Two zero bytes, the type 8 (bytes), the number of dimensions, their sizes as big-endian u32, the bytes. */
async function readIdx(file: File, rank: number): Promise<Idx> {
  const bytes = await unpacked(file);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 4 + 4 * rank;
  if (bytes.length < start || view.getUint32(0) !== 0x800 + rank)
    throw new Error(`${file.name} is no IDX file of bytes in ${rank} dimensions`);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const size = shape.reduce((a, b) => a * b, 1);
  if (size === 0 || bytes.length !== start + size)
    throw new Error(
      `${file.name} should hold ${size} values, but has ${bytes.length - start}: is it cut off?`,
    );
  return { name: file.name, shape, data: bytes.subarray(start) };
}

/** The file's bytes, gunzipped by the browser where they are packed. */
async function unpacked(file: File): Promise<Uint8Array> {
  const [a, b] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  if (a !== 0x1f || b !== 0x8b) return new Uint8Array(await file.arrayBuffer());
  try {
    const stream = file.stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new Error(`${file.name} is a broken gzip file: download it again`);
  }
}
