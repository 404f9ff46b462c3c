/** How elements are written down: a row for each type of storage. What is computed is f32 in any case. */
import { LARGEST_HALF } from "../../contract/f16.ts";
import { InternalError } from "../errors.ts";
import type { StorageType } from "../ir/storage.ts";
import { type Width, wgslType } from "./scalar.ts";

export interface Codec {
  /** Bytes of an element. */
  readonly bytes: number;
  /** The largest finite number that it holds. */
  readonly largest: number;
  /** What the device must have been asked for. */
  readonly feature?: "shader-f16";
  /** The type of the elements of the array that a kernel binds. */
  array(width: Width): string;
  /** An element as f32, or a vector of them: `array` and `at` are names or indices. */
  load(array: string, at: string, width: Width): string;
  /** What the array holds for f32, or for a vector of them. */
  store(text: string, width: Width): string;
}

export const codecs: Readonly<Record<StorageType, Codec>> = {
  f32: {
    bytes: 4,
    largest: 3.4028234663852886e38,
    array: (width) => wgslType(width),
    load: (array, at) => `${array}[${at}]`,
    store: (text) => text,
  },
  /** Rounded to the nearest; beyond the largest it is the largest. */
  f16: {
    bytes: 2,
    largest: LARGEST_HALF,
    feature: "shader-f16",
    array: (width) => wgslType(width, "f16"),
    load: (array, at, width) => `${wgslType(width)}(${array}[${at}])`,
    store: (text, width) => {
      const type = wgslType(width);
      return `${wgslType(width, "f16")}(clamp(${text}, ${type}(${-LARGEST_HALF}.0), ${type}(${LARGEST_HALF}.0)))`;
    },
  },
  /** 0 … 255, four in a word, one by one: of data sets, which no kernel writes. */
  u8: {
    bytes: 1,
    largest: 255,
    array: () => "u32",
    load: (array, at) => `f32((${array}[${at} >> 2u] >> (u32(${at} & 3) * 8u)) & 255u)`,
    store: () => {
      throw new InternalError("no kernel writes bytes");
    },
  },
};
