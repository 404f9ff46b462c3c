/** Numbers as files of weights hold them, in all types of safetensors, and what tensors hold of them. */
import { WeftError } from "./errors.ts";
import { ARRAYS, dtypeOf, type Tensor, type TensorData } from "./tensor.ts";
import type { DType } from "./type.ts";
import { type Arrays, failAt, parse, type Weights } from "./weights.ts";

/** Numbers of 16 bits: IEEE 754 binary16. */
export class Half extends Uint16Array {}
/** Numbers of 16 bits: the upper half of an f32. */
export class Brain extends Uint16Array {}
/** Truth: 0 or any other byte. */
export class Truth extends Uint8Array {}

/** Elements as they lie in the file. */
export type StoredData =
  | TensorData
  | Float64Array
  | Half
  | Brain
  | BigInt64Array
  | BigUint64Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array
  | Truth;

/** By the format's names in small letters. */
export const STORED = {
  ...ARRAYS,
  f64: Float64Array,
  f16: Half,
  bf16: Brain,
  i64: BigInt64Array,
  u64: BigUint64Array,
  i16: Int16Array,
  u16: Uint16Array,
  i8: Int8Array,
  u8: Uint8Array,
  bool: Truth,
} satisfies Arrays<StoredData>;

/** A tensor in a file's own type. */
export interface Stored {
  readonly shape: readonly number[];
  readonly data: StoredData;
}

/** `f16`, `bf16`, `bool`, … */
export function storedAs(data: StoredData): keyof typeof STORED {
  const names = Object.keys(STORED) as (keyof typeof STORED)[]; // those of the literal above
  // Each is exactly one of these: a Half is a Uint16Array too, but was not made by it.
  return names.find((name) => data.constructor === STORED[name]) ?? "f32";
}

/** Every bit of an element is that of a number. */
const HALF_BITS = 0x10000;

/** Numbers of binary16 are few: all of them, by their bits. */
const halves = once(() =>
  Float32Array.from({ length: HALF_BITS }, (_, bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return sign * (1024 + fraction) * 2 ** (exponent - 25);
  }),
);

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** The elements as numbers: exact, but for whole numbers beyond 2⁵³. (An array's `map` takes a tenth of the time of `from`.) */
function numbersOf(data: StoredData): ArrayLike<number> {
  if (data instanceof Half) {
    const values = halves();
    return new Float32Array(data).map((bits) => values[bits] as number); // one for every 16 bits
  }
  if (data instanceof Brain) return new Float32Array(new Uint32Array(data).map((bits) => bits << 16).buffer);
  if (data instanceof Truth) return data.map((byte) => (byte ? 1 : 0));
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    return Float64Array.from(data as Iterable<bigint>, Number);
  return data;
}

/** Whether the file's type has fractions, which are rounded; whole numbers are to stay what they are. */
const isFloat = (data: StoredData): boolean =>
  data instanceof Float32Array ||
  data instanceof Float64Array ||
  data instanceof Half ||
  data instanceof Brain;

/** A number that the wanted type does not hold, and which element it is. */
export interface Unheld {
  readonly at: number;
  readonly value: number | bigint;
}

/**
 * The elements in the wanted type. f64 is rounded to the nearest f32; NaN and infinity stay what they are. `unheld` is the
 * first element that the type does not hold: a number beyond ±3.4e38, or a whole number that would change.
 */
export function converted(
  data: StoredData,
  to: DType,
): { readonly data: TensorData; readonly unheld?: Unheld } {
  if (dtypeOf(data) === to) return { data: data as TensorData };
  const numbers = numbersOf(data);
  const out = ARRAYS[to].from(numbers);
  const rounds = to === "f32" && isFloat(data);
  for (let at = 0; at < out.length; at++) {
    const [value, kept] = [numbers[at] as number, out[at] as number]; // of equal length
    const held = rounds
      ? Number.isFinite(kept) || !Number.isFinite(value)
      : typeof data[at] === "bigint"
        ? Number.isFinite(kept) && BigInt(kept) === data[at]
        : kept === value;
    if (!held)
      return { data: out, unheld: { at, value: isFloat(data) ? value : (data[at] as number | bigint) } };
  }
  return { data: out };
}

/**
 * What PyTorch's batch normalisation counts beside its statistics: the steps of its training. No layer of Weft has
 * such a counter.
 */
export const isCounter = (name: string): boolean => /(^|[./])num_batches_tracked$/.test(name);

/** What weights are read for: a Program, or a Training's parameters. */
export interface Wanting {
  readonly params: readonly { readonly name: string; readonly dtype: DType }[];
}

/** Reads a safetensors file of any types as it is. Throws `WeftError` "weights", as `readSafetensors`. */
export function readStored(bytes: ArrayBuffer | Uint8Array): Record<string, Stored> {
  try {
    return parse<StoredData>(bytes, STORED);
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    // Whoever reads few types says who reads more.
    const all = `, none of ${Object.keys(STORED).join(" ").toUpperCase()}`;
    throw new WeftError(error.code, error.message.replace("; try: readWeights of weftgpu/weights", all));
  }
}

/** The tensors in the types that the model wants; what it has not is f32 where no tensor has its type. Throws `WeftError`. */
export function tensorsFor(stored: Readonly<Record<string, Stored>>, model?: Wanting): Weights {
  const tensors: Record<string, Tensor> = Object.create(null);
  for (const [name, { shape, data }] of Object.entries(stored)) {
    const param = model?.params.find((p) => p.name === name);
    if (!param && isCounter(name)) continue;
    const to = param?.dtype ?? dtypeOf(data) ?? "f32";
    const { data: made, unheld } = converted(data, to);
    // Of what the model has not, its name is said when the model gets it.
    if (unheld && (param || !model))
      return failAt(name, `holds ${unheld.value} at element ${unheld.at}, which ${to} does not hold`);
    tensors[name] = { shape, data: made };
  }
  return tensors;
}
