/** How elements are written down: a row for each type of storage. What is computed is f32 in any case. */
import { LARGEST_HALF } from "../../contract/f16.ts";
import type { Feature } from "../../contract/program.ts";
import { InternalError } from "../errors.ts";
import type { StorageType } from "../ir/storage.ts";
import type { Memory, Scalar, Value } from "../ir/value.ts";
import { apply, binary, convert, float, int, loadFrom, times, uint } from "../math/value.ts";

export interface Codec {
  /** Bytes of an element. */
  readonly bytes: number;
  /** The largest finite number that it holds. */
  readonly largest: number;
  /** What the device must have been asked for. */
  readonly feature?: Feature;
  /** Of what the array that a kernel binds consists. */
  readonly scalar: Scalar;
  /** An element as f32, or a vector of them. */
  load(from: Memory, at: Value): Value;
  /** What the array holds for f32, or for a vector of them. */
  store(value: Value): Value;
}

export const codecs: Readonly<Record<StorageType, Codec>> = {
  f32: {
    bytes: 4,
    largest: 3.4028234663852886e38,
    scalar: "f32",
    load: loadFrom,
    store: (value) => value,
  },
  /** Rounded to the nearest; beyond the largest it is the largest. */
  f16: {
    bytes: 2,
    largest: LARGEST_HALF,
    feature: "shader-f16",
    scalar: "f16",
    load: (from, at) => convert(loadFrom(from, at), "f32"),
    store: (value) => {
      const { width } = value.type;
      return convert(apply("clamp", value, float(-LARGEST_HALF, width), float(LARGEST_HALF, width)), "f16");
    },
  },
  /** 0 … 255, four in a word, one by one: of data sets, which no kernel writes. */
  u8: {
    bytes: 1,
    largest: 255,
    scalar: "u32",
    load: (from, at) => {
      const word = loadFrom(from, binary(">>", at, uint(2)));
      const shift = times(convert(binary("&", at, int(3)), "u32"), uint(8));
      return convert(binary("&", binary(">>", word, shift), uint(255)), "f32");
    },
    store: () => {
      throw new InternalError("no kernel writes bytes");
    },
  },
};
