/** Archives as torch.save writes them, from pickles written by hand, right and wrong ones. */
import { strToU8, zipSync } from "fflate";

/** Operations of a pickle, by the names of Python's pickletools. */
const le = (bytes: number, value: number): readonly number[] =>
  Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256);
export const text = (value: string): readonly number[] => {
  const bytes = strToU8(value);
  return [0x58, ...le(4, bytes.length), ...bytes];
};
export const int = (value: number): readonly number[] => [0x4a, ...le(4, value >>> 0)];
export const global = (name: string): readonly number[] => [
  0x63,
  ...strToU8(`${name.replace(/\.([^.]*)$/, "\n$1")}\n`),
];
export const MARK = [0x28];
export const tuple = (...parts: readonly (readonly number[])[]): readonly number[] => [
  ...MARK,
  ...parts.flat(),
  0x74,
];
export const call = (name: string, ...args: readonly (readonly number[])[]): readonly number[] => [
  ...global(name),
  ...tuple(...args),
  0x52,
];
export const dictionary = (items: Readonly<Record<string, readonly number[]>>): readonly number[] => [
  0x7d,
  ...MARK,
  ...Object.entries(items).flatMap(([key, value]) => [...text(key), ...value]),
  0x75,
];

export interface Made {
  readonly key?: string;
  readonly type?: string;
  /** Elements of the storage. */
  readonly length?: number;
  readonly offset?: number;
  readonly shape?: readonly number[];
  readonly strides?: readonly number[];
}

/** A tensor: torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks). */
export const tensor = ({
  key = "0",
  type = "FloatStorage",
  length = 4,
  offset = 0,
  shape = [4],
  strides = [1],
}: Made = {}) =>
  call(
    "torch._utils._rebuild_tensor_v2",
    [...tuple(text("storage"), global(`torch.${type}`), text(key), text("cpu"), int(length)), 0x51],
    int(offset),
    tuple(...shape.map(int)),
    tuple(...strides.map(int)),
    [0x89],
    call("collections.OrderedDict"),
  );

export const pickle = (value: readonly number[]): Uint8Array => Uint8Array.from([0x80, 2, ...value, 0x2e]);

/** Uncompressed, as PyTorch's are. */
export const archive = (
  data: Uint8Array,
  files: Readonly<Record<string, Uint8Array>> = {
    "data/0": new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer),
  },
  level: 0 | 9 = 0,
): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(
    zipSync(
      Object.fromEntries(
        Object.entries({ "data.pkl": data, ...files }).map(([name, bytes]) => [`net/${name}`, bytes]),
      ),
      { level },
    ),
  );
