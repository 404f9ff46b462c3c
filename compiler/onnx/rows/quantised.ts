/** Quantised numbers and bits. Whole numbers are computed with as f32, exactly up to 2²⁴. */
import type { Call } from "../call.ts";
import { type Computed, type ElementType, refuse, TYPES } from "../value.ts";
import { axisOf, type Row, type Rows, range, reshaped } from "./row.ts";

/** The whole numbers of a type that are no more than f32 holds. */
const RANGES: Readonly<Partial<Record<ElementType, readonly [low: number, high: number]>>> = {
  u8: [0, 255],
  i8: [-128, 127],
  u16: [0, 65535],
  i16: [-32768, 32767],
  u4: [0, 15],
  i4: [-8, 7],
};
/** Of larger types, bits that f32 holds. */
const MOST_BITS = 24;
const BITS: Readonly<Partial<Record<ElementType, number>>> = { u8: 8, i8: 8, u16: 16, i16: 16 };
const isSigned = (type: ElementType): boolean => type.startsWith("i");

/** One number for all, or one for each position of an axis: as it broadcasts with `x`. */
export function along(call: Call, i: number, x: Computed, axis: number): Computed | number {
  const value = call.value(i);
  if (value.shape.length !== 1 || value.shape[0] === 1) return call.operand(i, x.shape);
  const shape = [...value.shape, ...range(axis + 1, x.shape.length).map(() => 1)];
  return value.kind === "known"
    ? call.asNumbers({ ...value, shape: shape.map(Number) })
    : reshaped(call, call.asNumbers(value), shape);
}

const isZero = (x: Computed | number): boolean => x === 0;
export const shifted = (call: Call, x: Computed, by: Computed | number): Computed =>
  isZero(by) ? x : call.apply("sub", [x, by]);

export function saturated(call: Call, x: Computed, zero: Computed | number, type: ElementType): Computed {
  const [min, max] = RANGES[type] ?? refuse(`it quantises to ${type}`, Object.keys(RANGES).join(", "));
  const moved = isZero(zero) ? x : call.apply("add", [x, zero]);
  return call.apply("clip", [moved, { min, max }], { type });
}

/** The axis of scales, where there are several; blocks of an axis are for weights. */
function axisIn(call: Call, x: Computed): number {
  const axis = call.int("axis", 1);
  if (call.int("block_size", 0) !== 0)
    refuse("block_size is set, of what the model computes", "a scale for all, or for each channel");
  call.int("precision", 0);
  call.int("saturate", 1);
  return call.value(1).shape.length === 1 && call.value(1).shape[0] !== 1 ? axisOf(axis, x.shape.length) : 0;
}

/** Bits of whole numbers along a new last axis, the lowest first. */
function bitsOf(call: Call, x: Computed, bits: number): Computed {
  const parts = range(0, bits).map((k) => 2 ** -k);
  const weights = call.apply("constant", [parts, [bits]]);
  const whole = call.apply("mod", [x, 2 ** bits]);
  const shares = call.apply("mul", [call.apply("unsqueeze", [whole, { axis: -1 }]), weights]);
  return call.apply("mod", [call.apply("floor", [shares]), 2]);
}

const bitwise =
  (callee: "and" | "or" | "xor"): Row =>
  (call) => {
    const { type } = call.value(0);
    const bits = BITS[type] ?? MOST_BITS;
    const [a, b] = [0, 1].map((i) => bitsOf(call, call.tensor(i), bits));
    const joined = call.apply(callee, [a, b]);
    const weights = call.apply("constant", [range(0, bits).map((k) => 2 ** k), [bits]]);
    const whole = call.apply("sum", [call.apply("mul", [joined, weights]), { axis: -1 }], { type });
    if (!isSigned(type)) return whole;
    // Two's complement: what is beyond the largest number is below 0.
    const beyond = call.apply("greaterOrEqual", [whole, 2 ** (bits - 1)]);
    return call.apply("sub", [whole, call.apply("mul", [beyond, 2 ** bits])], { type });
  };

export const quantised: Rows = {
  QuantizeLinear(call) {
    const x = call.tensor(0);
    const axis = axisIn(call, x);
    const scaled = call.apply("round", [call.apply("div", [x, along(call, 1, x, axis)])]);
    const wanted = call.int("output_dtype", 0);
    const named = wanted === 0 ? "u8" : TYPES[wanted as keyof typeof TYPES]; // any number may stand there
    const type = call.inputs[2]?.type ?? named ?? refuse(`output_dtype is ${wanted}`);
    return saturated(call, scaled, call.inputs[2] ? along(call, 2, x, axis) : 0, type);
  },

  DequantizeLinear(call) {
    const x = call.tensor(0);
    const axis = axisIn(call, x);
    const centre = call.inputs[2] ? shifted(call, x, along(call, 2, x, axis)) : x;
    return call.apply("mul", [{ ...centre, type: "f32" }, along(call, 1, x, axis)]);
  },

  /** To u8, by the least and the largest element and 0. */
  DynamicQuantizeLinear(call) {
    const x = call.tensor(0);
    const high = call.apply("max", [call.apply("max", [x]), 0]);
    const low = call.apply("min", [call.apply("min", [x]), 0]);
    const scale = call.apply("div", [call.apply("sub", [high, low]), 255]);
    const start = call.apply("round", [call.apply("div", [call.apply("neg", [low]), scale])]);
    const zero = saturated(call, start, 0, "u8");
    const scaled = call.apply("round", [call.apply("div", [x, scale])]);
    return [saturated(call, scaled, zero, "u8"), scale, zero];
  },

  /** By so many bits, up or down. */
  BitShift(call) {
    const { type } = call.value(0);
    const x = call.tensor(0);
    const by = call.operand(1, x.shape);
    const up = call.text("direction", "LEFT") === "LEFT";
    // A power of 2 that is computed is rounded to one.
    const factor =
      typeof by === "number"
        ? 2 ** by
        : call.apply("round", [call.apply("exp", [call.apply("mul", [by, Math.LN2])])]);
    if (up) {
      const moved = call.apply("mul", [x, factor]);
      return call.apply("mod", [moved, 2 ** (BITS[type] ?? MOST_BITS)], { type });
    }
    return call.apply("floor", [call.apply("div", [x, factor])], { type });
  },
  BitwiseAnd: bitwise("and"),
  BitwiseOr: bitwise("or"),
  BitwiseXor: bitwise("xor"),
  BitwiseNot(call) {
    const x = call.tensor(0);
    const { type } = x;
    const [, most] = RANGES[type] ?? [0, 2 ** MOST_BITS - 1];
    return call.apply("sub", [isSigned(type) ? -1 : most, x], { type });
  },
};
