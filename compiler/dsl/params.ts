/** Inputs, trainable tensors and how they start. */
import { UserError } from "../errors.ts";
import type { Node } from "../ir/graph.ts";
import type { Init } from "../ir/program.ts";
import type { Dim } from "../ir/type.ts";
import type { InitRequest } from "../ops/index.ts";
import { here, located } from "./build.ts";
import { type Tensor, tensorOf } from "./tensor.ts";
import type { Mutable, Shape } from "./types/shape.ts";

/** How a tensor starts: the `init` of conv2d, linear and param. */
export type Initializer = InitRequest;

/** Uniform in ±√(6 / (fanIn + fanOut)) (Glorot & Bengio 2010). */
export const xavierUniform = (): Initializer => ({ kind: "xavierUniform" });
/** Normal with variance 2 / (fanIn + fanOut) (Glorot & Bengio 2010). */
export const xavierNormal = (): Initializer => ({ kind: "xavierNormal" });
/** Uniform in ±√(6 / fanIn) (He et al. 2015), for layers that a relu follows. */
export const kaimingUniform = (): Initializer => ({ kind: "kaimingUniform" });
/** Normal with variance 2 / fanIn (He et al. 2015). */
export const kaimingNormal = (): Initializer => ({ kind: "kaimingNormal" });
/** Every element 0. */
export const zeros = (): Initializer => ({ kind: "zeros" });
/** Every element 1. */
export const ones = (): Initializer => ({ kind: "ones" });
/** Every element is `value`, a finite number. */
export function constant(value: number): Initializer {
  checkFinite("constant", value);
  return { kind: "constant", value };
}
/** Uniform in low ≤ x < high. Throws `UserError` unless both are finite and in that order. */
export function uniform(low: number, high: number): Initializer {
  checkFinite("uniform", low, high);
  return { kind: "uniform", low, high };
}

function checkFinite(name: string, ...values: readonly number[]): void {
  const [low, high = low] = values;
  if (values.every(Number.isFinite) && Number(low) <= Number(high)) return;
  located("", here(), () => {
    const rule =
      values.length === 1 ? "the value is a finite number" : "both are finite numbers, the smaller one first";
    throw new UserError({ problem: `${name}(${values.join(", ")})`, rule });
  });
}

/**
 * What the model is given at run time: `input("image", [N, 1, 28, 28])`. N, if there is one, is the first size.
 * Throws `UserError` for an empty name and for a size that is not a whole number of at least 1.
 */
export function input<const S extends Shape>(name: string, shape: S): Tensor<Mutable<S>> {
  const trace = here();
  return located(typeof name === "string" ? name : "input", trace, () => {
    checkName("input", name);
    const type = { dtype: "f32", shape: checkShape("input", shape) } as const;
    return tensorOf({ kind: "input", type, origin: { name, trace } }) as Tensor<Mutable<S>>; // of that shape
  });
}

/**
 * A trainable tensor: `param("scale", [16, 1, 1], ones())`. Its values come from the weights file, else from
 * `init` (Xavier uniform by default; of a shape [out, in, …] the fans are in · … and out · …).
 * Throws `UserError` for an empty name and for sizes that are not whole numbers of at least 1.
 */
export function param<const S extends readonly number[]>(
  name: string,
  shape: S,
  init: Initializer = xavierUniform(),
): Tensor<Mutable<S>> {
  const trace = here();
  return located(typeof name === "string" ? name : "param", trace, () => {
    checkName("param", name);
    const sizes = checkShape("param", shape).map((d, i) => {
      if (d !== "N") return d;
      throw new UserError({
        problem: `param: size ${i} is N`,
        rule: "a parameter is the same for every batch size",
      });
    });
    const node: Node = {
      kind: "param",
      type: { dtype: "f32", shape: sizes },
      origin: { name, trace },
      init: resolve(init, sizes),
    };
    return tensorOf(node) as Tensor<Mutable<S>>; // of that shape
  });
}

function checkName(what: string, name: unknown): void {
  if (typeof name === "string" && name.trim() !== "") return;
  throw new UserError({
    problem: `${what}: the name is ${JSON.stringify(name) ?? "missing"}`,
    rule: "a name is not empty",
  });
}

function checkShape(what: string, shape: unknown): readonly Dim[] {
  const rule = "a shape is a list of whole numbers of at least 1; the first may be N";
  if (!Array.isArray(shape))
    throw new UserError({ problem: `${what}: the shape is ${JSON.stringify(shape)}`, rule });
  return shape.map((d: unknown, i): Dim => {
    if (typeof d === "number" && Number.isSafeInteger(d) && d >= 1) return d;
    if (d === "N" && i === 0) return d;
    const inner = d === "N" ? ", but only the first may be N" : "";
    throw new UserError({
      problem: `${what}: size ${i} is ${typeof d === "number" || d === "N" ? d : JSON.stringify(d)}${inner}`,
      rule,
    });
  });
}

/** Fans as PyTorch counts them: of [out, in, …taps] they are in · taps and out · taps, of [n] both are n. */
function resolve(init: Initializer, shape: readonly number[]): Init {
  const [out = 1, into = out, ...taps] = shape;
  const area = taps.reduce((a, d) => a * d, 1);
  switch (init.kind) {
    case "xavierUniform":
    case "xavierNormal":
      return { kind: init.kind, fanIn: into * area, fanOut: out * area };
    case "kaimingUniform":
    case "kaimingNormal":
      return { kind: init.kind, fanIn: into * area };
    case "zeros":
    case "ones":
      return { kind: init.kind };
    case "constant":
    case "uniform":
      return init;
  }
}
