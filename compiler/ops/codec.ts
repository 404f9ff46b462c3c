/** How elements are written down: a row for each type of storage. What is computed is f32; whole numbers say where to read. */
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
  /** What is loaded: f32, or whole numbers as they are. */
  readonly gives: Scalar;
  /** Whether elements of the array are elements of the tensor: then there may be vectors of them. */
  readonly plain: boolean;
  /** An element, or a vector of them. */
  load(from: Memory, at: Value): Value;
  /** What the array holds for f32, or for a vector of them. */
  store(value: Value): Value;
}

/** Whole numbers of 32 bits. What is stored was moved, and is whole. */
function whole(scalar: "u32" | "i32", largest: number): Codec {
  return {
    bytes: 4,
    largest,
    scalar,
    gives: scalar,
    plain: true,
    load: loadFrom,
    store: (value) => convert(value, scalar),
  };
}

export const codecs: Readonly<Record<StorageType, Codec>> = {
  f32: {
    bytes: 4,
    largest: 3.4028234663852886e38,
    scalar: "f32",
    gives: "f32",
    plain: true,
    load: loadFrom,
    store: (value) => value,
  },
  /** Rounded to the nearest; beyond the largest it is the largest. */
  f16: {
    bytes: 2,
    largest: LARGEST_HALF,
    feature: "shader-f16",
    scalar: "f16",
    gives: "f32",
    plain: true,
    load: (from, at) => convert(loadFrom(from, at), "f32"),
    store: (value) => {
      const { width } = value.type;
      return convert(apply("clamp", value, float(-LARGEST_HALF, width), float(LARGEST_HALF, width)), "f16");
    },
  },
  u32: whole("u32", 2 ** 32 - 1),
  i32: whole("i32", 2 ** 31 - 1),
  /** 0 … 255, four in a word, one by one: of data sets, which no kernel writes. */
  u8: {
    bytes: 1,
    largest: 255,
    scalar: "u32",
    gives: "u32",
    plain: false,
    load: (from, at) => {
      const word = loadFrom(from, binary(">>", at, uint(2)));
      const shift = times(convert(binary("&", at, int(3)), "u32"), uint(8));
      return binary("&", binary(">>", word, shift), uint(255));
    },
    store: () => {
      throw new InternalError("no kernel writes bytes");
    },
  },
};

/** How a memory's elements are written down: as they are, where nothing is said. */
export const codecOf = ({ codec = "f32" }: Memory): Codec => codecs[codec];
