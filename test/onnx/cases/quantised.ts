/** Convolutions and products of whole numbers, and what is quantised again. */
import fc from "fast-check";
import { int, ints } from "../file.ts";
import { type Cases, fed, known, type Operand } from "./draw.ts";

const small = fc.integer({ min: 1, max: 4 });
type Type = "u8" | "i8";
const ofType = fc.constantFrom<Type>("u8", "i8");
const wholes = (type: Type): { readonly from: number; readonly to: number } =>
  type === "u8" ? { from: 0, to: 255 } : { from: -128, to: 127 };
const scale = (count: number | null, of: number): Operand =>
  known(count === null ? [] : [count], { values: [0.02 * of, 0.05 * of, 0.011 * of] });
const zero = (type: Type): Operand =>
  known([], { from: type === "u8" ? 90 : -9, to: type === "u8" ? 140 : 9 }, type);
/** Weights below 0 have their zero at 0. */
const weightZero = (count: number | null, type: Type): Operand =>
  known(count === null ? [] : [count], type === "u8" ? { values: [128] } : { values: [0] }, type);

const window = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  into: fc.integer({ min: 1, max: 3 }),
  out: fc.integer({ min: 1, max: 3 }),
  groups: fc.integer({ min: 1, max: 2 }),
  kernel: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  more: fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })),
  stride: fc.integer({ min: 1, max: 2 }),
  pad: fc.integer({ min: 0, max: 1 }),
  x: ofType,
  w: ofType,
});

export const quantisedLayers: Cases = {
  ConvInteger: fc
    .record({ window, zeros: fc.integer({ min: 0, max: 2 }) })
    .map(({ window: { batch, into, out, groups, kernel, more, stride, pad }, zeros }) => ({
      operands: [
        fed([batch, into * groups, ...kernel.map((k, i) => k + (more[i] ?? 0))], wholes("u8"), "u8"),
        known([out * groups, into, ...kernel], wholes("u8"), "u8"),
        ...(zeros > 0 ? [zero("u8")] : []),
        ...(zeros > 1 ? [weightZero(null, "u8")] : []),
      ],
      attributes: [
        int("group", groups),
        ints("strides", [stride, stride]),
        ints("pads", [pad, pad, pad, pad]),
      ],
    })),
  QLinearConv: fc
    .record({ window, each: fc.boolean(), bias: fc.boolean() })
    .map(({ window: { batch, into, out, groups, kernel, more, stride, pad, x, w: drawn }, each, bias }) => {
      const w = x === "i8" ? "i8" : drawn; // as onnxruntime has it
      const channels = each ? out * groups : null;
      return {
        operands: [
          fed([batch, into * groups, ...kernel.map((k, i) => k + (more[i] ?? 0))], wholes(x), x),
          scale(null, 1),
          zero(x),
          known([out * groups, into, ...kernel], wholes(w), w),
          scale(channels, 1),
          weightZero(channels, w),
          scale(null, 20),
          zero(x),
          ...(bias ? [known([out * groups], { from: -3000, to: 3000 }, "i32")] : []),
        ],
        attributes: [
          int("group", groups),
          ints("strides", [stride, stride]),
          ints("pads", [pad, pad, pad, pad]),
        ],
      };
    }),
  QLinearMatMul: fc
    .record({
      m: small,
      k: small,
      n: small,
      lead: fc.option(small),
      each: fc.boolean(),
      a: ofType,
      b: ofType,
      fixed: fc.boolean(),
    })
    .map(({ m, k, n, lead, each, a, b: drawn, fixed }) => {
      const b = a === "i8" ? "i8" : drawn;
      const columns = each ? n : null;
      return {
        batched: false,
        operands: [
          fed([...(lead === null ? [] : [lead]), m, k], wholes(a), a),
          scale(null, 1),
          zero(a),
          { ...fed([k, n], wholes(b), b), known: fixed },
          scale(columns, 1),
          weightZero(columns, b),
          scale(null, 20),
          zero(a),
        ],
      };
    }),
};
