/** How elements are written down: a row for each type of storage. What is computed is f32; whole numbers say where to read. */
import { LARGEST_HALF } from "../../contract/f16.ts";
import type { Feature } from "../../contract/program.ts";
import { BITS, BLOCK, blockWords, type QuantisedType, quantisedWords } from "../../contract/quantised.ts";
import { InternalError } from "../errors.ts";
import type { StorageType } from "../ir/storage.ts";
import type { Memory, Scalar, Value, Width } from "../ir/value.ts";
import {
  apply,
  binary,
  compose,
  convert,
  float,
  fromBits,
  int,
  lanesOf,
  loadFrom,
  plus,
  splat,
  times,
  uint,
} from "../math/value.ts";

export interface Codec {
  /** Bytes of so many elements. */
  bytes(elements: number): number;
  /** The largest finite number that it holds. */
  readonly largest: number;
  /** What the device must have been asked for. */
  readonly feature?: Feature;
  /** Of what the array that a kernel binds consists. */
  readonly scalar: Scalar;
  /** What is loaded: f32, or whole numbers as they are. */
  readonly gives: Scalar;
  /**
   * Where vectors of elements come from: "bound", the array consists of them; "built", `load` makes them of what lies in one
   * word. Absent: there are none.
   */
  readonly vectors?: "bound" | "built";
  /** An element, or a vector of them, in which `at` is counted. */
  load(from: Memory, at: Value): Value;
  /** What the array holds for f32, or for a vector of them. */
  store(value: Value): Value;
}

const LARGEST = 3.4028234663852886e38;
const words = (elements: number): number => 4 * elements;

function neverWritten(): Value {
  throw new InternalError("no kernel writes what lies between others in a word");
}

const shifted = (value: Value, by: number): Value => (by > 0 ? binary(">>", value, uint(by)) : value);

/** What lies at `at` of a word's fields of so many bits, the first in the lowest: one, or a vector, in which `at` is counted. */
function field(word: Value, at: Value, bits: number, width: Width = 1): Value {
  const one = bits * width;
  const place = times(convert(binary("&", at, int(32 / one - 1)), "u32"), uint(one));
  const lowest = one < 32 ? binary(">>", word, place) : word;
  const lanes = compose(Array.from({ length: width }, (_, lane) => uint(lane * bits)));
  const fields = width === 1 ? lowest : binary(">>", splat(lowest, width), lanes);
  return binary("&", fields, splat(uint(2 ** bits - 1), width));
}

/** Of weights: blocks with a scale each, as `contract/quantised.ts` says. */
function blocks(type: QuantisedType): Codec {
  const bits = BITS[type];
  return {
    bytes: (elements) => words(quantisedWords(type, elements)),
    largest: LARGEST,
    scalar: "u32",
    gives: "f32",
    vectors: "built",
    load: (from, at) => {
      const width = lanesOf(from);
      const [perBlock, perWord] = [BLOCK / width, 32 / bits / width];
      const block = times(shifted(at, Math.log2(perBlock)), int(blockWords(type)));
      const inside = shifted(binary("&", at, int(perBlock - 1)), Math.log2(perWord));
      const word = loadFrom(from, plus(plus(block, int(1)), inside));
      const number = convert(field(word, at, bits, width), "f32");
      return times(binary("-", number, float(2 ** (bits - 1), width)), fromBits(loadFrom(from, block)));
    },
    store: neverWritten,
  };
}

/** Whole numbers of 32 bits. What is stored was moved, and is whole. */
function whole(scalar: "u32" | "i32", largest: number): Codec {
  return {
    bytes: words,
    largest,
    scalar,
    gives: scalar,
    vectors: "bound",
    load: loadFrom,
    store: (value) => convert(value, scalar),
  };
}

/** Whole numbers of so many bits, several in a word, one by one: of data sets, which no kernel writes. */
function packed(bits: 8 | 16): Codec {
  return {
    bytes: (elements) => (elements * bits) / 8,
    largest: 2 ** bits - 1,
    scalar: "u32",
    gives: "u32",
    load: (from, at) => field(loadFrom(from, shifted(at, Math.log2(32 / bits))), at, bits),
    store: neverWritten,
  };
}

export const codecs: Readonly<Record<StorageType, Codec>> = {
  f32: {
    bytes: words,
    largest: LARGEST,
    scalar: "f32",
    gives: "f32",
    vectors: "bound",
    load: loadFrom,
    store: (value) => value,
  },
  /** Rounded to the nearest; beyond the largest it is the largest. */
  f16: {
    bytes: (elements) => 2 * elements,
    largest: LARGEST_HALF,
    feature: "shader-f16",
    scalar: "f16",
    gives: "f32",
    vectors: "bound",
    load: (from, at) => convert(loadFrom(from, at), "f32"),
    store: (value) => {
      const { width } = value.type;
      return convert(apply("clamp", value, float(-LARGEST_HALF, width), float(LARGEST_HALF, width)), "f16");
    },
  },
  u32: whole("u32", 2 ** 32 - 1),
  i32: whole("i32", 2 ** 31 - 1),
  u8: packed(8),
  u16: packed(16),
  i8: blocks("i8"),
  i4: blocks("i4"),
};

/** How a memory's elements are written down: as they are, where nothing is said. */
export const codecOf = ({ codec = "f32" }: Memory): Codec => codecs[codec];
