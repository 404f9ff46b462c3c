/** Convolutions and pools of one to three axes. */
import fc from "fast-check";
import { type Attribute, int, ints, string } from "../file.ts";
import { type Cases, type Draw, fed, known, list } from "./draw.ts";

const MODES = ["NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"] as const;

interface Drawn {
  readonly kernel: readonly number[];
  readonly size: readonly number[];
  readonly attributes: readonly Attribute[];
}

/** A window that fits its picture. */
const slide = (most = 3, dilated = true): fc.Arbitrary<Drawn> =>
  fc.integer({ min: 1, max: most }).chain((rank) => {
    const each = (min: number, max: number): fc.Arbitrary<readonly number[]> =>
      fc.array(fc.integer({ min, max }), { minLength: rank, maxLength: rank });
    return fc
      .record({
        kernel: each(1, 3),
        more: each(0, rank === 3 ? 2 : 5),
        stride: fc.option(each(1, 3)),
        dilation: fc.option(each(1, 2)),
        pads: fc.option(
          fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 2 * rank, maxLength: 2 * rank }),
        ),
        mode: fc.constantFrom(...MODES),
      })
      .map(({ kernel, more, stride, dilation, pads, mode }) => {
        const steps = dilated && dilation ? dilation : kernel.map(() => 1);
        // Padding is less than the kernel: a window sees the picture.
        const ends = pads?.map((p, i) => Math.min(p, (kernel[i % kernel.length] ?? 1) - 1));
        return {
          kernel,
          size: kernel.map((k, i) => (steps[i] ?? 1) * (k - 1) + 1 + (more[i] ?? 0)),
          attributes: [
            ...(stride ? [ints("strides", stride)] : []),
            ...(dilated && dilation ? [ints("dilations", steps)] : []),
            ...(mode === "NOTSET" ? (ends ? [ints("pads", ends)] : []) : [string("auto_pad", mode)]),
          ],
        };
      });
  });

const convolution: Draw = fc
  .record({
    slide: slide(),
    batch: fc.integer({ min: 1, max: 2 }),
    groups: fc.integer({ min: 1, max: 3 }),
    into: fc.integer({ min: 1, max: 2 }),
    out: fc.integer({ min: 1, max: 2 }),
    bias: fc.constantFrom("none", "known", "fed"),
    fed: fc.boolean(),
  })
  .map(({ slide: { kernel, size, attributes }, batch, groups, into, out, bias, fed: given }) => {
    const weight = [out * groups, into, ...kernel];
    return {
      operands: [
        fed([batch, into * groups, ...size]),
        given ? fed(weight) : known(weight),
        ...(bias === "none" ? [] : [bias === "known" ? known([out * groups]) : fed([out * groups])]),
      ],
      attributes: [...attributes, ...(groups > 1 ? [int("group", groups)] : [])],
      batched: !given && bias !== "fed",
    };
  });

/** Padding is less than what there is; a size that is given is one that a convolution would make it from. */
const transposed: Draw = fc
  .record({
    rank: fc.integer({ min: 1, max: 3 }),
    kernel: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    size: fc.integer({ min: 2, max: 3 }),
    groups: fc.integer({ min: 1, max: 2 }),
    per: fc.integer({ min: 1, max: 2 }),
    more: fc.integer({ min: 0, max: 2 }),
    pad: fc.integer({ min: 0, max: 1 }),
    after: fc.integer({ min: 0, max: 1 }),
    bias: fc.boolean(),
    mode: fc.constantFrom("pads", "pads", "SAME_UPPER", "SAME_LOWER", "shape"),
  })
  .map(({ rank, kernel, stride, dilation, size, groups, per, more, pad, after, bias, mode }) => {
    const each = (n: number): readonly number[] => Array.from({ length: rank }, () => n);
    const whole = stride * (size - 1) + dilation * (kernel - 1) + 1;
    const extra = Math.min(more, Math.max(stride, dilation) - 1);
    const said =
      mode === "pads"
        ? [
            ints("pads", [...each(Math.min(pad, kernel - 1)), ...each(Math.min(after, kernel - 1))]),
            ints("output_padding", each(extra)),
          ]
        : mode === "shape"
          ? [ints("output_shape", each(Math.max(1, whole - pad - after)))]
          : [string("auto_pad", mode)];
    return {
      operands: [
        fed([2, groups * 2, ...each(size)]),
        known([groups * 2, per, ...each(kernel)]),
        ...(bias ? [known([groups * per])] : []),
      ],
      attributes: [
        ints("strides", each(stride)),
        ints("dilations", each(dilation)),
        int("group", groups),
        ...said,
      ],
    };
  });

const pool = (more: (opset: number) => fc.Arbitrary<readonly Attribute[]>, dilated: boolean): Draw =>
  fc
    .record({
      slide: slide(3, dilated),
      batch: fc.integer({ min: 1, max: 2 }),
      channels: fc.integer({ min: 1, max: 3 }),
    })
    .chain(({ slide: { kernel, size, attributes }, batch, channels }) =>
      more(19).map((own) => ({
        opset: 19,
        operands: [fed([batch, channels, ...size])],
        attributes: [ints("kernel_shape", kernel), ...attributes, ...own],
      })),
    );
const ceil = fc.constantFrom<readonly Attribute[]>([], [], [int("ceil_mode", 1)]);

const whole: Draw = fc
  .record({
    sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
    channels: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ sizes, channels }) => ({ operands: [fed([2, channels, ...sizes])] }));

/** Sizes or factors of the last axes, in all modes. */
const resize: Draw = fc
  .record({
    places: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 2 }),
    to: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 2 }),
    factors: fc.array(fc.constantFrom(0.5, 0.6, 1, 1.5, 2, 3), { minLength: 2, maxLength: 2 }),
    sized: fc.boolean(),
    mode: fc.constantFrom("nearest", "linear", "cubic"),
    coordinates: fc.constantFrom(
      "half_pixel",
      "pytorch_half_pixel",
      "align_corners",
      "asymmetric",
      "half_pixel_symmetric",
      "tf_half_pixel_for_nn",
    ),
    nearest: fc.constantFrom("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
    outside: fc.boolean(),
    opset: fc.constantFrom(11, 13, 18, 19),
  })
  .map(({ places, to, factors, sized, mode, coordinates, nearest, outside, opset }) => {
    const least = coordinates === "half_pixel_symmetric" ? 19 : 11;
    const most = coordinates === "tf_half_pixel_for_nn" ? 11 : 19;
    const how = opset >= least && opset <= most ? coordinates : "half_pixel";
    const scales = places.map((n, i) => (Math.floor(n * (factors[i] ?? 1)) < 1 ? 1 : (factors[i] ?? 1)));
    return {
      opset,
      ...(sized ? { batched: false } : {}),
      operands: [
        fed([2, 2, ...places]),
        opset < 13 ? known([0], { values: [0] }) : undefined,
        ...(sized
          ? [opset < 13 ? known([0], { values: [0] }) : undefined, list([2, 2, ...to])]
          : [known([4], { values: [1, 1, ...scales] })]),
      ],
      attributes: [
        string("mode", mode),
        string("coordinate_transformation_mode", how),
        ...(mode === "nearest" ? [string("nearest_mode", nearest)] : []),
        ...(mode === "cubic" && outside ? [int("exclude_outside", 1)] : []),
      ],
    };
  });

const upsample: Draw = fc
  .record({
    places: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 2 }),
    factors: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 2 }),
    mode: fc.constantFrom("nearest", "linear"),
  })
  .map(({ places, factors, mode }) => ({
    opset: 9,
    operands: [fed([2, 2, ...places]), known([4], { values: [1, 1, ...factors] })],
    attributes: [string("mode", mode)],
  }));

export const windows: Cases = {
  Resize: resize,
  Upsample: upsample,
  Conv: convolution,
  ConvTranspose: transposed,
  MaxPool: pool(() => ceil, true),
  AveragePool: pool(
    () =>
      fc
        .tuple(ceil, fc.constantFrom<readonly Attribute[]>([], [int("count_include_pad", 1)]))
        .map(([a, b]) => [...a, ...b]),
    true,
  ),
  LpPool: pool(
    () =>
      fc
        .tuple(ceil, fc.constantFrom<readonly Attribute[]>([], [int("p", 1)], [int("p", 3)]))
        .map(([a, b]) => [...a, ...b]),
    true,
  ),
  GlobalAveragePool: whole,
  GlobalMaxPool: whole,
};
