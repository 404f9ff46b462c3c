/** Texts of values, apart from what a writer knows. */
import type { Axis, Reduce, Substitution } from "../ir/expr.ts";
import { constant } from "../math/affine.ts";
import { codecs } from "../ops/codec.ts";
import { type Width, wgslType } from "../ops/scalar.ts";
import type { ReadBinding } from "./bindings.ts";
import type { Value } from "./scopes.ts";

/** An array element as f32. */
export function loaded({ name, width, type }: ReadBinding, at: Value): Value {
  return { text: codecs[type].load(name, at.text, width), width, depth: at.depth };
}

/** All positions of a product of small axes, in row-major order. */
export function positionsOf(axes: readonly Axis[]): readonly Substitution[] {
  let all: Substitution[] = [new Map()];
  for (const axis of axes) {
    const extent = axis.extent as number; // callers pass axes of known, small extent
    all = all.flatMap((at) =>
      Array.from({ length: extent }, (_, i) => new Map([...at, [axis, constant(i)]])),
    );
  }
  return all;
}

/** a + b + c, or max(max(a, b), c). */
export function combine(op: Reduce["op"], terms: readonly Value[]): Value {
  const depth = Math.max(...terms.map((t) => t.depth));
  const width = Math.max(...terms.map((t) => t.width)) as Width;
  const wide = terms.map((t) => (t.width === width ? t.text : `${wgslType(width)}(${t.text})`));
  const text = op === "sum" ? `(${wide.join(" + ")})` : wide.reduce((a, b) => `${op}(${a}, ${b})`);
  return { text, width, depth };
}

/** Uniform in [0, 1): a hash of counter, step, seed and salt (PCG; Jarzynski & Olano 2020, "Hash functions for GPU rendering"). */
export const RANDOM = `fn hash(x: u32) -> u32 {
  let s = x * 747796405u + 2891336453u;
  let w = ((s >> ((s >> 28u) + 4u)) ^ s) * 277803737u;
  return (w >> 22u) ^ w;
}

fn random(counter: u32, salt: u32) -> f32 {
  let key = hash(batch.step ^ hash(batch.seed ^ hash(salt)));
  return f32(hash(counter ^ key) >> 8u) * ${2 ** -24};
}`;
