/**
 * Weights as blocks of small whole numbers, each block with a scale: what a buffer holds of them, in words of 32 bits.
 *
 * A block is 32 elements, neighbours as they lie in the buffer. It is its scale, an f32, then the elements from the lowest bits
 * of a word on, each as q + 2^(bits − 1): q · scale is meant. The last block is filled up with what nobody reads. So an element
 * takes 9 or 5 bits. llama.cpp's Q8_0 and Q4_0 are the same with scales of f16.
 */
import type { ParamSpec, Program, Signature } from "./program.ts";

export const QUANTISED = ["i8", "i4"] as const;
export type QuantisedType = (typeof QUANTISED)[number];

/** Bits of an element. */
export const BITS: Readonly<Record<QuantisedType, number>> = { i8: 8, i4: 4 };

/** Elements of a block: as many as a word has bits, so that a block has as many words of elements as an element has bits. */
export const BLOCK = 32;

/** Words of a block. */
export const blockWords = (type: QuantisedType): number => 1 + BITS[type];

/** Words of so many elements. */
export const quantisedWords = (type: QuantisedType, elements: number): number =>
  Math.ceil(elements / BLOCK) * blockWords(type);

/** Beyond it a product of scale and whole number might not be finite. */
const LARGEST = 3.4e38;
/** The least scale, 2⁻¹²⁶: below it devices may take numbers for 0. */
const LEAST = 1.1754943508222875e-38;

/**
 * A block as whole numbers and their scale. Symmetric, to the nearest: the largest number is ±127, or ±7, so that one is off by half a
 * scale at most, which is 1/254 or 1/14 of the largest. (A block whose scale would be below 2⁻¹²⁶ is 0.)
 */
export function quantisedBlock(
  type: QuantisedType,
  block: Float32Array,
): { readonly scale: number; readonly whole: Int8Array } {
  const largest = block.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const scale = Math.fround(Math.min(largest, LARGEST) / (2 ** (BITS[type] - 1) - 1));
  const whole = new Int8Array(block.length);
  block.forEach((x, i) => {
    whole[i] = scale < LEAST ? 0 : Math.sign(x) * Math.round(Math.abs(x) / scale);
  });
  return { scale, whole };
}

/** The type by which a tensor is quantised, if it is. */
export const quantisedAs = ({ storage }: Pick<Signature, "storage">): QuantisedType | undefined =>
  QUANTISED.find((type) => type === storage);

/** A parameter as whoever gives its values has it: what is quantised is f32 to them. */
export const asGiven = ({ storage, ...param }: ParamSpec): ParamSpec =>
  storage && !quantisedAs({ storage }) ? { ...param, storage } : param;

/** The version of programs that have such parameters and such sizes: runtimes of an older one know nothing of these. */
export const versionFor = (quantised: boolean, sized: boolean): Program["version"] =>
  quantised ? 3 : sized ? 2 : 1;
