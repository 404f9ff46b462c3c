/** Triangles, turned sequences, chosen positions, pictures read at places; quantised numbers, bits, losses. */
import fc from "fast-check";
import { type Attribute, int, ints, string } from "../file.ts";
import { type Cases, type Draw, fed, known, list, type Operand, scalar, shape } from "./draw.ts";
import { quantisedLayers } from "./quantised.ts";

const small = fc.integer({ min: 1, max: 4 });

/** Whole numbers of a type, as quantised models have them. */
const wholes = (type: "u8" | "i8" | "u4" | "i4"): { readonly from: number; readonly to: number } =>
  ({
    u8: { from: 0, to: 255 },
    i8: { from: -128, to: 127 },
    u4: { from: 0, to: 15 },
    i4: { from: -8, to: 7 },
  })[type];
const step = { values: [0.02, 0.05, 0.011, 0.1] };

const dequantised: Draw = fc
  .record({
    s: shape(2, 4),
    each: fc.boolean(),
    zero: fc.boolean(),
    type: fc.constantFrom("u8", "i8"),
    opset: fc.constantFrom(13, 19, 21),
  })
  .map(({ s, each, zero, type, opset }) => {
    const own = each ? [s[1] ?? 1] : [];
    return {
      opset,
      batched: false,
      operands: [
        fed(s, wholes(type), type),
        known(own, step),
        zero ? known(own, { from: 0, to: 20 }, type) : undefined,
      ],
      attributes: each ? [int("axis", 1)] : [],
    };
  });

/** Weights by blocks of an axis, of 8 or 4 bits, which are known at import. */
const blocks: Draw = fc
  .record({
    s: shape(2, 3),
    cut: fc.nat(),
    block: fc.integer({ min: 2, max: 4 }),
    zero: fc.boolean(),
    type: fc.constantFrom("u8", "i8", "u4", "i4"),
  })
  .map(({ s, cut, block, zero, type }) => {
    const axis = cut % s.length;
    const shape = s.map((d, i) => (i === axis ? d * block : d));
    const own = shape.map((d, i) => (i === axis ? d / block : d));
    return {
      opset: 21,
      batched: false,
      operands: [
        known(shape, wholes(type), type),
        known(own, step),
        zero ? known(own, { from: 0, to: 7 }, type) : undefined,
      ],
      attributes: [int("axis", axis), int("block_size", block)],
      added: shape,
    };
  });

const quantised: Draw = fc
  .record({
    s: shape(2, 4),
    each: fc.boolean(),
    type: fc.constantFrom("u8", "i8"),
    opset: fc.constantFrom(13, 19, 21),
  })
  .map(({ s, each, type, opset }) => {
    const own = each ? [s[1] ?? 1] : [];
    return {
      opset,
      batched: false,
      operands: [fed(s), known(own, step), known(own, { from: 0, to: 20 }, type)],
      attributes: each ? [int("axis", 1)] : [],
    };
  });

const integers: Draw = fc
  .record({
    m: small,
    k: small,
    n: small,
    a: fc.constantFrom("u8", "i8"),
    zeros: fc.constantFrom(0, 1, 2),
    constant: fc.boolean(),
    batch: fc.option(small),
  })
  .map(({ m, k, n, a, zeros, constant, batch }) => ({
    batched: false,
    operands: [
      fed([...(batch === null ? [] : [batch]), m, k], wholes(a), a),
      { ...fed([k, n], wholes("i8"), "i8"), known: constant },
      zeros > 0 ? known([], { from: 1, to: 9 }, a) : undefined,
      zeros > 1 ? known([], { from: -9, to: 9 }, "i8") : undefined,
    ],
  }));

const bitwise: Draw = fc
  .record({ s: shape(1, 3), type: fc.constantFrom("u8", "i8", "i32"), constant: fc.boolean() })
  .map(({ s, type, constant }) => {
    const numbers = type === "i32" ? { from: -70000, to: 70000 } : wholes(type);
    return {
      opset: 18,
      batched: false,
      operands: [fed(s, numbers, type), { ...fed(s, numbers, type), known: constant }],
    };
  });

/** [N, C, …], classes, and now and then weights and one that is ignored. */
const loss: Draw = fc
  .record({
    batch: small,
    classes: fc.integer({ min: 2, max: 5 }),
    rest: shape(0, 2),
    weighted: fc.boolean(),
    ignored: fc.option(fc.constantFrom(-1, 0, 1)),
    reduction: fc.constantFrom("none", "sum", "mean"),
    opset: fc.constantFrom(12, 13, 17),
  })
  .map(({ batch, classes, rest, weighted, ignored, reduction, opset }) => ({
    opset,
    batched: false,
    operands: [
      fed([batch, classes, ...rest]),
      // One class is never ignored.
      fed([batch, ...rest], { values: [classes - 1, 0, 1] }, "i64"),
      weighted ? known([classes], "positive") : undefined,
    ],
    attributes: [string("reduction", reduction), ...(ignored === null ? [] : [int("ignore_index", ignored)])],
  }));

const square: Draw = fc.record({ n: small, lead: shape(0, 2) }).map(({ n, lead }) => ({
  operands: [fed([...lead, n, n])],
  batched: false,
}));

const flags = (name: string, set: boolean): readonly Attribute[] => (set ? [int(name, 1)] : []);

export const places: Cases = {
  Trilu: fc
    .record({ s: shape(2, 4), k: fc.option(fc.integer({ min: -3, max: 3 })), upper: fc.boolean() })
    .map(({ s, k, upper }) => ({
      opset: 14,
      operands: [fed(s), k === null ? undefined : scalar(k, "i64")],
      attributes: [int("upper", upper ? 1 : 0)],
      batched: s.length > 2,
    })),
  ReverseSequence: fc
    .record({
      time: small,
      batch: small,
      rest: shape(0, 2),
      lead: fc.boolean(),
      seed: fc.nat(),
      constant: fc.boolean(),
    })
    .map(({ time, batch, rest, lead, seed, constant }) => {
      const lengths = Array.from({ length: batch }, (_, i) => 1 + ((seed + 5 * i) % time));
      const where: Operand = { ...list(lengths), known: constant };
      return {
        operands: [fed(lead ? [batch, time, ...rest] : [time, batch, ...rest]), where],
        attributes: [int("time_axis", lead ? 1 : 0), int("batch_axis", lead ? 0 : 1)],
        batched: false,
      };
    }),
  Compress: fc
    .record({ s: shape(1, 3), cut: fc.nat(), whole: fc.boolean(), seed: fc.nat() })
    .map(({ s, cut, whole, seed }) => {
      const axis = cut % s.length;
      const size = whole ? s.reduce((a, d) => a * d, 1) : (s[axis] ?? 1);
      const values = Array.from({ length: size }, (_, i) =>
        Number(i === seed % size || (seed + i) % 3 === 0),
      );
      return {
        operands: [fed(s), known([size], { values }, "bool")],
        attributes: whole ? [] : [int("axis", axis)],
        batched: false,
      };
    }),
  CenterCropPad: fc
    .record({ s: shape(1, 3), to: fc.array(small, { minLength: 3, maxLength: 3 }), few: fc.boolean() })
    .map(({ s, to, few }) => {
      const axes = few ? [s.length - 1] : s.map((_, i) => i);
      return {
        opset: 18,
        operands: [fed(s), list(axes.map((_, i) => to[i] ?? 1))],
        attributes: few ? [ints("axes", axes)] : [],
        batched: false,
      };
    }),
  Col2Im: fc
    .record({
      batch: small,
      channels: fc.integer({ min: 1, max: 3 }),
      image: fc.array(fc.integer({ min: 3, max: 6 }), { minLength: 2, maxLength: 2 }),
      block: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 2 }),
      stride: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 2, maxLength: 2 }),
      pads: fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 4, maxLength: 4 }),
    })
    .map(({ batch, channels, image, block, stride, pads }) => {
      const counts = image.map(
        (n, i) =>
          Math.floor((n + (pads[i] ?? 0) + (pads[i + 2] ?? 0) - (block[i] ?? 1)) / (stride[i] ?? 1)) + 1,
      );
      const [taps, columns] = [block, counts].map((l) => l.reduce((a, d) => a * d, 1));
      return {
        opset: 18,
        operands: [fed([batch, channels * (taps ?? 1), columns ?? 1]), list(image), list(block)],
        attributes: [ints("strides", stride), ints("pads", pads)],
      };
    }),
  AffineGrid: fc
    .record({
      batch: small,
      sizes: fc.oneof(fc.tuple(small, small), fc.tuple(small, small, small)),
      corners: fc.boolean(),
    })
    .map(({ batch, sizes, corners }) => ({
      opset: 20,
      operands: [fed([batch, sizes.length, sizes.length + 1]), list([batch, 2, ...sizes])],
      attributes: flags("align_corners", corners),
      batched: false,
    })),
  GridSample: fc
    .record({
      batch: small,
      sizes: fc.tuple(small, small, small, small),
      mode: fc.constantFrom("linear", "nearest"),
      padding: fc.constantFrom("zeros", "border", "reflection"),
      corners: fc.boolean(),
      old: fc.boolean(),
    })
    .map(({ batch, sizes: [h, w, rows, columns], mode, padding, corners, old }) => ({
      opset: old ? 16 : 20,
      operands: [fed([batch, 2, h, w]), fed([batch, rows, columns, 2], "any")],
      attributes: [
        string("mode", mode === "linear" && old ? "bilinear" : mode),
        string("padding_mode", padding),
        ...flags("align_corners", corners),
      ],
    })),
  Det: square,
  QuantizeLinear: quantised,
  DequantizeLinear: fc.oneof(dequantised, blocks),
  DynamicQuantizeLinear: shape(1, 3).map((s) => ({ operands: [fed(s)], outputs: 3, batched: false })),
  MatMulInteger: integers,
  ...quantisedLayers,
  BitwiseAnd: bitwise,
  BitwiseOr: bitwise,
  BitwiseXor: bitwise,
  BitwiseNot: fc.record({ s: shape(1, 3), type: fc.constantFrom("u8", "i8", "i32") }).map(({ s, type }) => ({
    opset: 18,
    operands: [fed(s, type === "i32" ? { from: -70000, to: 70000 } : wholes(type), type)],
  })),
  BitShift: fc
    .record({ s: shape(1, 3), up: fc.boolean(), constant: fc.boolean() })
    .map(({ s, up, constant }) => ({
      batched: false,
      operands: [fed(s, wholes("u8"), "u8"), { ...fed(s, { from: 0, to: 7 }, "u8"), known: constant }],
      attributes: [string("direction", up ? "LEFT" : "RIGHT")],
    })),
  NegativeLogLikelihoodLoss: loss,
  SoftmaxCrossEntropyLoss: loss,
};
