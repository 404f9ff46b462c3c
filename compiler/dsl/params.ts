/** Inputs, trainable tensors and how they start. */
import { showDim } from "../../contract/shapes.ts";
import type { DType, Shape } from "../../contract/type.ts";
import { UserError } from "../errors.ts";
import type { Node } from "../ir/graph.ts";
import { isKnown, isSize } from "../ir/type.ts";
import { type InitRequest, initializer, resolveInit } from "../ops/init.ts";
import { finite, noMore, oneOf, otherwise, show, takes } from "../options.ts";
import { here, located } from "./build.ts";
import { checkSizes } from "./sizes.ts";
import { type Tensor, tensorOf } from "./tensor.ts";
import type { Mutable, Shape as Sizes } from "./types/shape.ts";

/** How a tensor starts: the `init` of conv2d, linear and param. */
export type Initializer = InitRequest;

/** Makes an initialiser of a function's numbers. Throws `UserError` for other arguments. */
function initialiser(
  kind: Initializer["kind"],
  numbers: readonly string[],
  args: readonly unknown[],
): Initializer {
  return located("", here(), () => {
    noMore(kind, args, numbers.length);
    const given = takes(kind, Object.fromEntries(numbers.map((name) => [name, finite])));
    const values = given(Object.fromEntries(numbers.map((name, i) => [name, args[i]])));
    if (Number(values["low"]) > Number(values["high"])) {
      throw new UserError({
        problem: `uniform(${args.join(", ")})`,
        rule: "low ≤ high",
        fix: `uniform(${[...args].reverse().join(", ")})`,
      });
    }
    return { kind, ...values } as Initializer; // the numbers that this kind has
  });
}

/** Uniform in ±√(6 / (fanIn + fanOut)) (Glorot & Bengio 2010). */
export const xavierUniform: () => Initializer = (...args) => initialiser("xavierUniform", [], args);
/** Normal with variance 2 / (fanIn + fanOut) (Glorot & Bengio 2010). */
export const xavierNormal: () => Initializer = (...args) => initialiser("xavierNormal", [], args);
/** Uniform in ±√(6 / fanIn) (He et al. 2015), for layers that a relu follows. */
export const kaimingUniform: () => Initializer = (...args) => initialiser("kaimingUniform", [], args);
/** Normal with variance 2 / fanIn (He et al. 2015). */
export const kaimingNormal: () => Initializer = (...args) => initialiser("kaimingNormal", [], args);
/** Every element 0. */
export const zeros: () => Initializer = (...args) => initialiser("zeros", [], args);
/** Every element 1. */
export const ones: () => Initializer = (...args) => initialiser("ones", [], args);
/** Every element is `value`, a finite number. */
export const constant: (value: number) => Initializer = (...args) => initialiser("constant", ["value"], args);
/** Uniform in low ≤ x < high. Throws `UserError` unless both are finite and in that order. */
export const uniform: (low: number, high: number) => Initializer = (...args) =>
  initialiser("uniform", ["low", "high"], args);

/** Options of `input`. */
export interface InputOptions {
  /** "i32" or "u32": whole numbers that say where `gather` and `embedding` read. Default "f32". */
  readonly dtype?: DType;
}

const readInput = takes("input", { dtype: otherwise<DType>(oneOf(["f32", "i32", "u32"]), "f32") });

/**
 * What the model is given at run time: `input("image", [N, 1, 28, 28])`. N, if there is one, is the first size.
 * Throws `UserError` for an empty name and for a size that is not a whole number of at least 1.
 */
export function input<const S extends Sizes>(
  name: string,
  shape: S,
  options?: InputOptions,
): Tensor<Mutable<S>>;
export function input(...args: readonly unknown[]): unknown {
  const trace = here();
  const [name, shape, options] = args;
  return located(typeof name === "string" ? name : "input", trace, () => {
    noMore("input", args, 3);
    checkName("input", name);
    const type = { dtype: readInput(options).dtype, shape: checkShape("input", shape) };
    return tensorOf({ kind: "input", type, origin: { name, trace } });
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
  init?: Initializer,
): Tensor<Mutable<S>>;
export function param(...args: readonly unknown[]): unknown {
  const trace = here();
  const [name, shape, init] = args;
  return located(typeof name === "string" ? name : "param", trace, () => {
    noMore("param", args, 3);
    checkName("param", name);
    const sizes = checkShape("param", shape).map((d, i) => {
      if (isKnown(d)) return d;
      throw new UserError({
        problem: `param: size ${i} is ${showDim(d)}`,
        rule: isSize(d)
          ? "a parameter is the same in every run, whatever its sizes"
          : "a parameter is the same for every batch size",
        ...(isSize(d) ? { fix: `${d.max}, the most that ${d.name} can be` } : {}),
      });
    });
    const node: Node = {
      kind: "param",
      type: { dtype: "f32", shape: sizes },
      origin: { name, trace },
      init: resolveInit(readInit({ init }).init, ...fans(sizes)),
    };
    return tensorOf(node);
  });
}

const readInit = takes("param", { init: initializer });

function checkName(what: string, name: unknown): asserts name is string {
  if (typeof name === "string" && name.trim() !== "") return;
  throw new UserError({
    problem: `${what}: the name is ${JSON.stringify(name) ?? "missing"}`,
    rule: "a name is not empty",
  });
}

function checkShape(what: string, shape: unknown): Shape {
  if (!Array.isArray(shape)) {
    throw new UserError({
      problem: `${what}: the shape is ${show(shape)}`,
      rule: "a shape is a list of sizes",
      fix: what === "input" ? "[N, 3]" : "[3]",
    });
  }
  const sizes: readonly unknown[] = Array.from(shape); // a hole of a sparse list is undefined
  checkSizes(what, sizes);
  return sizes;
}

/** Fans as PyTorch counts them: of [out, in, …taps] they are in · taps and out · taps, of [n] both are n. */
function fans(shape: readonly number[]): readonly [fanIn: number, fanOut: number] {
  const [out = 1, into = out, ...taps] = shape;
  const area = taps.reduce((a, d) => a * d, 1);
  return [into * area, out * area];
}
