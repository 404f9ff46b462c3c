/** Ops of the user's own, defined in a model file by a shape and a formula. */
import { showShape } from "../../contract/shapes.ts";
import type { Dim as IrDim, TensorType } from "../../contract/type.ts";
import { UserError } from "../errors.ts";
import type { Attrs, AttrValue, OpDef, OpNode } from "../ir/graph.ts";
import { isSize } from "../ir/type.ts";
import { opContext } from "../math/build.ts";
import { ops } from "../ops/index.ts";
import { callable, type Kind, kindOf, noMore, takes } from "../options.ts";
import { apply, here, located } from "./build.ts";
import { AxisPosition, Elements, over, type Position, toValue, type Value } from "./expression.ts";
import { makeLayer } from "./layer.ts";
import { isTensor, type Tensor } from "./tensor.ts";
import type { Layer, OPTIONS, OUT } from "./types/layer.ts";
import type { Mutable, Shape, Size } from "./types/shape.ts";

/** Options of a user's op: plain data. */
export type OpOptions = { readonly [name: string]: AttrValue };

/** What the formula of a user's op is given. */
export interface ValueContext<Ins extends readonly Shape[] = readonly Shape[], O = OpOptions> {
  /** Where in the output we are: a position per dimension. */
  readonly at: readonly [Position, Position, Position, Position, Position, Position];
  readonly inputs: { readonly [I in keyof Ins]: Elements };
  readonly options: O;
  /** A new axis to sum over, 0 … extent − 1. */
  axis(extent: number | Size): AxisPosition;
  /** The sum of `value` over one axis or several. */
  sumOver(axes: AxisPosition | readonly AxisPosition[], value: Value | number): Value;
  /** The largest `value` over one axis or several. */
  maxOver(axes: AxisPosition | readonly AxisPosition[], value: Value | number): Value;
  /** The smallest `value` over one axis or several. */
  minOver(axes: AxisPosition | readonly AxisPosition[], value: Value | number): Value;
}

/** An op of one's own, as `defineOp` takes it. */
export interface OpDefinition<Ins extends readonly Shape[], R extends Shape, O extends OpOptions> {
  /** A word; the layers that use the op are called after it. */
  readonly name: string;
  /** The output's shape from the inputs'. Throw an Error with a sentence where they do not fit. */
  shape(inputs: Ins, options: O): R;
  /** The output's value at one position. */
  value(context: ValueContext<Ins, O>): Value | number;
}

type Operands<Ins extends readonly Shape[]> = { [I in keyof Ins]: Tensor<Ins[I]> };

/** The op applied to its tensors; or, where it takes one, a layer. */
export interface UserOp<Ins extends readonly Shape[], R extends Shape, O extends OpOptions> {
  (...args: [...operands: Operands<Ins>, options?: O]): Tensor<Mutable<R>>;
  (options?: Ins["length"] extends 1 ? O : never): UserLayer<R>;
}

export interface UserLayer<R extends Shape> extends Layer {
  readonly [OPTIONS]: [];
  readonly [OUT]: R;
}

/**
 * Defines an op by its shape and its value at one output position:
 *
 *   const corr = defineOp({
 *     name: "corr",
 *     shape: ([x, k]: [[number, number], [number, number]]) => [x[0] - k[0] + 1, x[1] - k[1] + 1],
 *     value: ({ at: [i, j], inputs: [x, k], axis, sumOver }) => {
 *       const [u, v] = [axis(2), axis(2)];
 *       return sumOver([u, v], x.at(i.plus(u), j.plus(v)).times(k.at(u, v)));
 *     },
 *   });
 *   const y = corr(image, kernel);
 *
 * Weft fuses, differentiates and compiles it like its own ops. Throws `UserError`: a name that is no word or an
 * op's of Weft's own; and, where the op is used, shapes that do not fit and positions outside a tensor.
 */
export function defineOp<
  Ins extends readonly Shape[] = readonly [Shape],
  const R extends Shape = Shape,
  O extends OpOptions = OpOptions,
>(definition: OpDefinition<Ins, R, O>): UserOp<Ins, R, O>;
export function defineOp(...given: readonly unknown[]): unknown {
  const trace = here();
  const def = located("", trace, () => {
    noMore("defineOp", given, 1);
    return opDef(given[0]);
  });
  const op = (...args: readonly unknown[]): unknown => {
    const place = here();
    const count = args.findIndex((a) => !isTensor(a));
    const operands = count === -1 ? args : args.slice(0, count);
    const options = args[operands.length];
    located("", place, () => noMore(def.name, args, operands.length + 1));
    if (operands.length > 0) return applied(def, () => def.options(options), operands, place);
    const attrs = located(def.name, place, () => def.options(options));
    return makeLayer(def.name, (x) => applied(def, () => attrs, [x], place));
  };
  return op;
}

/** The op's result. The formula is evaluated once, so that a position outside a tensor is an error of this layer. */
function applied(
  def: OpDef<Attrs, unknown>,
  attrs: () => Attrs,
  operands: readonly unknown[],
  place: string,
): Tensor {
  const result = apply(def, () => ({ attrs: attrs() }), operands, place);
  const node = result.node as OpNode; // what apply makes
  located(node.origin.name, place, () => def.define(node.attrs, opContext(node)));
  return result;
}

const word: Kind<string> = kindOf(
  "a word of letters and digits",
  '"scale"',
  (name): name is string => typeof name === "string" && /^[A-Za-z][A-Za-z0-9]*$/.test(name),
);
const readDefinition = takes("defineOp", { name: word, shape: callable, value: callable });

function opDef(given: unknown): OpDef<Attrs, unknown> {
  const { name } = readDefinition(given);
  const definition = given as OpDefinition<Shape[], Shape, OpOptions>; // a name and two functions, checked above
  if (Object.hasOwn(ops, name)) {
    throw new UserError({
      problem: `defineOp: "${name}" is an op of Weft's own`,
      fix: `another name, such as "my${name[0]?.toUpperCase()}${name.slice(1)}"`,
    });
  }
  return {
    name,
    arity: "variadic",
    options: (options) => optionsOf(name, options),
    infer: (attrs, inputs) => ({ dtype: "f32", shape: shapeOf(name, definition, attrs, inputs) }),
    define: (attrs, { at, inputs, axis }) =>
      toValue(
        definition.value({
          at: at.map((a) => new AxisPosition(a)) as unknown as ValueContext["at"], // as many as the output has
          inputs: inputs.map((i) => new Elements(i)),
          options: attrs,
          axis: (extent) => new AxisPosition(axis("r", extentOf(extent))),
          sumOver: (axes, value) => over("sum", axes, value),
          maxOver: (axes, value) => over("max", axes, value),
          minOver: (axes, value) => over("min", axes, value),
        }),
      ).expr,
    summary: (attrs) => ({
      options: Object.entries(attrs)
        .map(([key, value]) => `${key} ${JSON.stringify(value)}`)
        .join(", "),
      formula: "",
    }),
  };
}

function extentOf(extent: unknown): IrDim {
  if (isSize(extent)) return extent;
  if (typeof extent === "number" && Number.isSafeInteger(extent) && extent >= 1) return extent;
  throw new UserError({
    problem: `axis(${String(extent)})`,
    rule: "an axis has a whole number of at least 1 of positions; the batch is never summed over",
  });
}

function optionsOf(op: string, options: unknown): Attrs {
  if (options === undefined) return {};
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return options as Attrs;
  throw new UserError({
    problem: `${op}: options are ${String(options)}`,
    rule: "options are an object of numbers, strings, booleans and lists",
  });
}

function shapeOf(
  op: string,
  definition: OpDefinition<Shape[], Shape, OpOptions>,
  attrs: Attrs,
  inputs: readonly TensorType[],
): readonly IrDim[] {
  const shapes = inputs.map((t) => t.shape);
  const shape: unknown = callShape(op, definition, attrs, shapes);
  const given = shapes.map(showShape).join(" and ");
  if (!Array.isArray(shape) || shape.length > 6) {
    throw new UserError({ problem: `${op}: shape() gives no list of at most six sizes for ${given}` });
  }
  return Array.from(shape); // whose sizes are checked where the node is made, as those of all ops
}

/** A sentence that the user's own shape function throws becomes the problem. */
function callShape(
  op: string,
  definition: OpDefinition<Shape[], Shape, OpOptions>,
  attrs: Attrs,
  shapes: readonly (readonly IrDim[])[],
): unknown {
  try {
    return definition.shape(shapes as unknown as Shape[], attrs); // at run time N is the string "N"
  } catch (e) {
    if (e instanceof UserError || !(e instanceof Error)) throw e;
    throw new UserError({ problem: `${op}: ${e.message} (operands ${shapes.map(showShape).join(" and ")})` });
  }
}
