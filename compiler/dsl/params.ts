/** Inputs, trainable tensors and how they start. */
import type { Init } from "../../contract/program.ts";
import { showDim, showShape } from "../../contract/shapes.ts";
import type { Dim, DType, Shape } from "../../contract/type.ts";
import { plural, UserError } from "../errors.ts";
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
/** Numbers in row-major order. */
export type Numbers = readonly number[] | Float32Array | Int32Array | Uint32Array;

/**
 * A tensor of numbers that the model is made with: a mask, a table of positions. It is part of the compiled program, is not trained, and need not
 * be among the weights: `constant([0, 1, 1, 0], [2, 2])`. Whole numbers that say where to read have a dtype: `{ dtype: "i32" }`.
 * Throws `UserError` for numbers that are not finite, whose count is not that of the shape, or of which there are more than 2²⁰.
 */
export function constant<const S extends readonly number[]>(
  data: Numbers,
  shape: S,
  options?: InputOptions,
): Tensor<Mutable<S>>;
/**
 * The same of many numbers, which are among the weights under that name: `constant("positions", [512, 384])`. It is not trained, and nothing
 * is drawn for it: without weights a model that has one does not run. Throws `UserError` for an empty name and for sizes that are not whole
 * numbers of at least 1.
 */
export function constant<const S extends readonly number[]>(name: string, shape: S): Tensor<Mutable<S>>;
/** As the `init` of a layer or `param`: every element is `value`, a finite number. */
export function constant(value: number): Initializer;
export function constant(...args: readonly unknown[]): unknown {
  if (args.length < 2) return initialiser("constant", ["value"], args);
  const trace = here();
  const [data, shape, options] = args;
  const isNamed = typeof data === "string";
  return located(isNamed ? data : "constant", trace, () => {
    noMore("constant", args, isNamed ? 2 : 3);
    if (isNamed) checkName("constant", data);
    const { dtype } = readConstant(options);
    const sizes = checkShape("constant", shape).map((d, i) => known("constant", d, i));
    const name = isNamed ? data : "constant";
    const init: Init = isNamed ? { kind: "given" } : { kind: "data", values: numbersOf(data, dtype, sizes) };
    return tensorOf({
      kind: "param",
      type: { dtype, shape: sizes },
      origin: { name, trace },
      init,
      use: "constant",
    });
  });
}

function isOf(dtype: DType, value: number): boolean {
  if (dtype === "f32") return Number.isFinite(Math.fround(value));
  return Number.isInteger(value) && (dtype === "i32" ? value === (value | 0) : value === value >>> 0);
}

/** Larger ones are better weights: a program is text. */
const MOST = 2 ** 20;

function numbersOf(data: unknown, dtype: DType, shape: readonly number[]): readonly number[] {
  const isList = Array.isArray(data) || (ArrayBuffer.isView(data) && "length" in data);
  const list = isList ? Array.from(data as ArrayLike<unknown>) : []; // of what is none, no elements
  const count = shape.reduce((a, d) => a * d, 1);
  if (!isList || list.length !== count)
    throw new UserError({
      problem: `constant: the data are ${isList ? `${list.length} ${plural(list.length, "number")}` : show(data)}`,
      rule: `a list of as many numbers as ${showShape(shape)} has elements: ${count}`,
      fix: "numbers in row-major order, in one list",
    });
  if (count > MOST)
    throw new UserError({
      problem: `constant: ${count} ${plural(count, "number")}`,
      rule: `at most ${MOST}: they are part of the program's text`,
      fix: `constant("table", [${shape.join(", ")}]), whose numbers are among the weights`,
    });
  return list.map((value, i) => {
    const fits = typeof value === "number" && isOf(dtype, value);
    if (fits) return dtype === "f32" ? Number(Math.fround(value).toPrecision(9)) : value;
    throw new UserError({
      problem: `constant: element ${i} is ${show(value)}`,
      rule: dtype === "f32" ? "elements are finite numbers of f32" : `elements are whole numbers of ${dtype}`,
      ...(value === Number.NEGATIVE_INFINITY ? { fix: "-1e30, of which softmax makes 0" } : {}),
    });
  });
}

/** Uniform in low ≤ x < high. Throws `UserError` unless both are finite and in that order. */
export const uniform: (low: number, high: number) => Initializer = (...args) =>
  initialiser("uniform", ["low", "high"], args);

/** Options of `input`. */
export interface InputOptions {
  /** "i32" or "u32": whole numbers that say where `gather` and `embedding` read. Default "f32". */
  readonly dtype?: DType;
}

const typed = { dtype: otherwise<DType>(oneOf(["f32", "i32", "u32"]), "f32") };
const readInput = takes("input", typed);
const readConstant = takes("constant", typed);

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
    const sizes = checkShape("param", shape).map((d, i) => known("param", d, i));
    const node: Node = {
      kind: "param",
      type: { dtype: "f32", shape: sizes },
      origin: { name, trace },
      init: resolveInit(readInit({ init }).init, ...fans(sizes)),
    };
    return tensorOf(node);
  });
}

/** A size that is a number. */
function known(what: "param" | "constant", d: Dim, i: number): number {
  if (isKnown(d)) return d;
  const whose = `a ${what === "param" ? "parameter" : what}`;
  throw new UserError({
    problem: `${what}: size ${i} is ${showDim(d)}`,
    rule: isSize(d)
      ? `${whose} is the same in every run, whatever its sizes`
      : `${whose} is the same for every batch size`,
    ...(isSize(d) ? { fix: `${d.max}, the most that ${d.name} can be` } : {}),
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
