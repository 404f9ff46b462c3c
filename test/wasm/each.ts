/** What becomes of values of two operands, at each width and for all pairs of numbers. */
import { expect } from "vitest";
import type { Value, Width } from "../../compiler/ir/value.ts";
import { loadFrom } from "../../compiler/math/value.ts";
import { carryOut, first, moduleOf, storage, stored } from "./kernel.ts";

export type Kind = "f32" | "i32" | "u32";
export const ARRAYS = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const;
const { NaN: NONE, POSITIVE_INFINITY: INF } = Number;
export const [LEAST, MOST, WHOLE] = [-(2 ** 31), 2 ** 31 - 1, 2 ** 32];

const NUMBERS: Readonly<Record<Kind, readonly number[]>> = {
  f32: [0, -0, 1, 1.5, -2.25, -7, 1e-40, 3e38, -3e38, INF, -INF, NONE],
  i32: [0, 1, 2, 7, 31, -1, -7, LEAST, MOST],
  u32: [0, 1, 2, 7, 31, 2 ** 31, WHOLE - 1],
};
export const ALL: readonly Width[] = [1, 2, 4];
/** WebAssembly has no such instruction of vectors, and kernels no such value. */
export const ALONE: readonly Width[] = [1];

export type Make = (x: Value, y: Value) => Value;
export type Meaning = (x: number, y: number) => number | boolean;
export type Fits = (x: number, y: number) => boolean;

/** What becomes of all pairs of numbers, a workgroup's worth of them at once, is what is meant. */
export function expectEach(
  kind: Kind,
  widths: readonly Width[],
  make: Make,
  meant: Meaning,
  fits: Fits = () => true,
): void {
  const numbers = Array.from(ARRAYS[kind].from(NUMBERS[kind]));
  const pairs = numbers.flatMap((a) => numbers.filter((b) => fits(a, b)).map((b) => [a, b] as const));
  while (pairs.length % 4 !== 0) pairs.push(pairs[0] ?? [1, 1]);
  for (const width of widths) {
    const [x, y] = [storage(kind), storage(kind)];
    const at = first(width);
    const value = make(loadFrom(x, at, width), loadFrom(y, at, width));
    const to: Kind = value.type.scalar === "bool" ? "u32" : (value.type.scalar as Kind); // the others are no results
    const z = storage(to, 1, true);
    const result = new ARRAYS[to](pairs.length);
    carryOut(moduleOf(stored(z, at, value), [x, y, z]), {
      data: [ARRAYS[kind].from(pairs.map(([a]) => a)), ARRAYS[kind].from(pairs.map(([, b]) => b)), result],
      groups: pairs.length / width,
    });
    pairs.forEach(([a, b], i) => {
      const [want] = ARRAYS[to].of(Number(meant(a, b)));
      if (!Object.is(result[i], want))
        expect.fail(`${width} at once, of ${a} and ${b}: ${result[i]}, not ${want}`);
    });
  }
}
