/** What is right: how far a device's numbers may be from the reference's, and what both are given. */
import type { Program, Signature } from "../../contract/program.ts";
import { boundsOf, shapeWith } from "../../contract/sizes.ts";
import { sizeOf, type Tensor, type TensorData } from "../../contract/tensor.ts";
import { draw } from "../init.ts";

/** Values that are not what they should be. */
export interface Differing {
  /** How many. */
  readonly count: number;
  /** Of how many that were compared. */
  readonly of: number;
  /** Where the one is that is off the most. */
  readonly at: readonly number[];
  readonly got: number;
  readonly want: number;
}

/** What came of a tensor. */
export interface Compared {
  /** Absent: all is right. */
  readonly differing?: Differing;
  /** The largest difference among right values, relative to the root mean square of the reference. */
  readonly difference: number;
  /** How many values were compared: those whose reference is finite. */
  readonly of: number;
}

/**
 * A difference that is none, relative to the value's size and to its tensor's root mean square together. WGSL leaves sin, cos
 * and others an absolute error of 2⁻¹¹; an f16 has 11 bits, and so have the factors of a sum.
 */
const TOLERANCE = { f32: 1e-3, f16: 2e-2 };
/** Through a whole model roundings add up. */
const WHOLE = 10;
/** The share that may differ where a threshold decides: close to it, either side is right. */
const NEAR_THRESHOLD = 0.01;

/** How values are looked at. */
export interface Manner {
  readonly storage?: "f16" | undefined;
  readonly jumps?: boolean | undefined;
  /** Of a model's outputs, not of one kernel given what is right. */
  readonly whole?: boolean;
}

export function compare(got: TensorData, { shape, data }: Tensor, manner: Manner): Compared {
  const finite = data.filter(Number.isFinite);
  let squares = 0;
  for (const x of finite) squares += x * x;
  const scale = Math.sqrt(squares / finite.length) || 1;
  const tolerance = TOLERANCE[manner.storage ?? "f32"] * (manner.whole ? WHOLE : 1);
  let [count, difference, most, at] = [0, 0, 0, 0];
  data.forEach((want: number, i: number) => {
    if (!Number.isFinite(want)) return;
    const off = Math.abs((got[i] as number) - want) / scale; // as many
    if (off <= tolerance * (1 + Math.abs(want) / scale)) difference = Math.max(difference, off);
    // What is no number is off by more than any.
    else if (count++ === 0 || !(off <= most)) [most, at] = [off, i];
  });
  const of = finite.length;
  if (count <= (manner.jumps ? Math.floor(NEAR_THRESHOLD * of) : 0)) return { difference, of };
  const place = shape.map((size, axis) => Math.floor(at / sizeOf(shape.slice(axis + 1))) % size);
  const [wrong, want] = [got[at], data[at]] as [number, number]; // as many
  return { difference, of, differing: { count, of, at: place, got: wrong, want } };
}

/** Whole numbers that nothing is read by are below this. */
const FEW_VALUES = 8;

/** For each input numbers that hang on its name and the seed: of N(0, 1), or whole ones that are in bounds. */
export function drawnInputs(program: Program, batch: number, seed: number): Record<string, TensorData> {
  const bounds = boundsOf(program);
  const one = ({ name, dtype, shape, buffer, below = FEW_VALUES }: Signature): TensorData => {
    const sizes = shapeWith(shape, batch, bounds);
    const high = typeof below === "number" ? below : (shapeWith([below], batch, bounds)[0] as number);
    const init =
      dtype === "f32"
        ? ({ kind: "kaimingNormal", fanIn: 2 } as const) // a variance of 1
        : ({ kind: "uniform", low: 0, high: high * (1 - Number.EPSILON) } as const);
    return draw({ name: `input ${name}`, dtype, shape: sizes, buffer, init }, seed);
  };
  return Object.fromEntries(program.inputs.map((input) => [input.name, one(input)]));
}
