/** What moves elements, and what is known of shapes. */
import type { Dim, Shape } from "../../../contract/type.ts";
import { isSize } from "../../ir/type.ts";
import { type Element, known, refuse, type Value } from "../value.ts";
import { axisOf, type Rows, range, reshaped } from "./row.ts";
import { along, placeOfN, refitted, spread, turned, turnedOf } from "./turned.ts";

/** Elements that are numbers, and the sizes that a run decides, in their order. */
function partsOf(shape: readonly Dim[]): { readonly count: number; readonly decided: readonly Dim[] } {
  return {
    count: shape.reduce<number>((a, d) => (typeof d === "number" ? a * d : a), 1),
    decided: shape.filter((d) => typeof d !== "number"),
  };
}

const show = (shape: readonly Element[]): string =>
  `[${shape.map((d) => (isSize(d) ? d.name : d)).join(", ")}]`;

/** The shape that ONNX's Reshape means: 0 copies a size, −1 is what is left. */
function target(from: Shape, to: readonly Dim[], zeros: boolean): readonly Dim[] {
  const copied = to.map((d, i) =>
    d === 0 && !zeros
      ? (from[i] ?? refuse(`size ${i} of ${show(to)} is 0, which copies one that ${show(from)} lacks`))
      : d,
  );
  const open = copied.indexOf(-1);
  if (open < 0) return copied;
  const have = partsOf(from);
  const want = partsOf(copied.filter((_, i) => i !== open));
  const left = [...have.decided];
  for (const d of want.decided) {
    const at = left.indexOf(d);
    if (at < 0) refuse(`${show(from)} cannot become ${show(to)}`);
    left.splice(at, 1);
  }
  const rest = have.count / want.count;
  const [decided, ...more] = left;
  const size = decided === undefined ? rest : rest === 1 && more.length === 0 ? decided : undefined;
  if (size === undefined || (typeof size === "number" && !Number.isInteger(size)))
    return refuse(
      `${show(from)} cannot become ${show(to)}: what is left is ${left.map((d) => (isSize(d) ? d.name : d)).join("·")}·${rest}`,
      "bind the sizes that a run decides: --dim NAME=SIZE, dims: { NAME: SIZE }",
    );
  return copied.map((d, i) => (i === open ? size : d));
}

export const shapes: Rows = {
  Shape(call) {
    const { shape } = call.value(0);
    const place = (at: number): number =>
      Math.min(Math.max(at < 0 ? at + shape.length : at, 0), shape.length);
    const part = shape.slice(place(call.int("start", 0)), place(call.int("end", shape.length)));
    return known("i64", [part.length], part);
  },

  Size(call) {
    const { shape } = call.value(0);
    const { count, decided } = partsOf(shape);
    const [size] = decided;
    if (size !== undefined && count !== 1)
      refuse(`the number of elements is ${count}·${isSize(size) ? size.name : size}`);
    return known("i64", [], [size ?? count]);
  },

  Reshape(call) {
    const value = call.value(0);
    const to = target(value.shape, call.sizes(1, "the shape"), call.int("allowzero", 0) !== 0);
    const inside = [value.shape, to].some((shape) => placeOfN(shape) > 0) && refitted(call, value, to);
    return inside || reshaped(call, call.moved(0), to);
  },

  /** Of sizes that a run decides: one number repeated. */
  ConstantOfShape(call) {
    const shape = call.sizes(0, "the shape");
    const { type, data } = call.attributeTensor("value") ?? known("f32", [1], [0]);
    const one = known(
      type,
      shape.map(() => 1),
      data,
    );
    return spread(call, one, shape) ?? refuse(`it makes ${show(shape)}`);
  },

  Flatten(call) {
    const x = call.moved(0);
    const rank = x.shape.length;
    const given = call.int("axis", 1);
    const axis = given === rank ? rank : axisOf(given, rank);
    if (axis === 1 && rank >= 2) return reshaped(call, x, [x.shape[0] ?? 1, partsOf(x.shape.slice(1)).count]);
    const before = partsOf(x.shape.slice(0, axis));
    const [batch] = before.decided;
    if (batch !== undefined && before.count !== 1)
      refuse(`it joins ${show(x.shape.slice(0, axis))} to one size`);
    return reshaped(call, x, target(x.shape, [batch ?? before.count, -1], false));
  },

  Transpose(call) {
    const x = turnedOf(call.value(0), call);
    const order = call.ints("perm") ?? range(0, x.order.length).toReversed();
    return turned(
      call,
      x.tensor,
      order.map((a) => along(x, a)),
    );
  },

  Concat(call) {
    const rank = call.value(0).shape.length;
    const axis = axisOf(call.int("axis", 1), rank);
    const list = call.inputs.map((_, i) => call.moved(i));
    const [only] = list;
    if (list.length === 1 && only) return only;
    return call.apply("concat", axis === 1 ? [list] : [list, { axis }], { type: only?.type ?? "f32" });
  },

  Constant(call): Value {
    const whole = call.attributeTensor("value");
    if (whole) return { ...whole, name: call.node.outputs[0] ?? "" };
    if (call.has("value_float")) return known("f32", [], [call.float("value_float", 0)]);
    if (call.has("value_int")) return known("i64", [], [call.int("value_int", 0)]);
    const floats = call.floats("value_floats");
    if (floats) return known("f32", [floats.length], floats);
    const ints = call.ints("value_ints");
    return ints ? known("i64", [ints.length], ints) : refuse("its value is sparse, or of texts", "numbers");
  },
};
