/** What the random gradient tests draw: one op with random shapes and options. */
import fc from "fast-check";
import type { Tensor } from "weftgpu";
import { input, lang, param, split } from "./language.ts";

export interface Draw {
  readonly op: string;
  /** Shape and options, for the message. */
  readonly facts: object;
  readonly batches: readonly number[];
  readonly build: () => Tensor;
}

export const describeDraw = ({ op, facts, batches }: Draw): string =>
  `${op} ${JSON.stringify(facts)}, batches ${batches.join(", ")}`;

const PRIMES = [1, 2, 3, 5, 7] as const;
const size = fc.constantFrom(...PRIMES);
const side = fc.constantFrom(1, 2, 3, 5, 7, 8, 11);
const batches = fc.uniqueArray(fc.constantFrom(1, 2, 3), { minLength: 1, maxLength: 2 });
const upTo = (most: number): fc.Arbitrary<number> => fc.integer({ min: 1, max: most });
const pairOf = (most: number) => fc.tuple(upTo(most), upTo(most));

type Pair = readonly [number, number];

/** Padding that leaves each window an element, whatever the op demands. */
interface Window {
  readonly image: Pair;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  readonly padding: readonly [number, number, number, number];
}

/** `most`: the largest padding, given the extent of the dilated kernel. */
function window(most: (extent: number) => number): fc.Arbitrary<Window> {
  return fc
    .record({ kernel: pairOf(4), stride: pairOf(4), dilation: pairOf(3) })
    .chain(({ kernel, stride, dilation }) => {
      const extents = kernel.map((k, i) => (k - 1) * (dilation[i] ?? 1) + 1);
      const pads = (i: number) => fc.integer({ min: 0, max: Math.max(0, most(extents[i] ?? 1)) });
      return fc
        .record({ image: fc.tuple(side, side), padding: fc.tuple(pads(0), pads(0), pads(1), pads(1)) })
        .filter(({ image, padding: [t, b, l, r] }) => {
          const [h, w] = [image[0] + t + b, image[1] + l + r];
          return h >= (extents[0] ?? 1) && w >= (extents[1] ?? 1);
        })
        .map(({ image, padding }) => ({ image, kernel, stride, dilation, padding }));
    });
}

const conv2d: fc.Arbitrary<Draw> = fc
  .record({
    w: window((extent) => extent + 1),
    groups: fc.constantFrom(1, 1, 2, 3),
    channels: upTo(2),
    filters: upTo(3),
    bias: fc.boolean(),
    batches,
  })
  .map(({ w, groups, channels, filters, bias, batches }): Draw => {
    const { image, ...rest } = w;
    const shape = ["N" as const, groups * channels, ...image];
    const options = { ...rest, out: groups * filters, groups, bias };
    return {
      op: "conv2d",
      facts: { shape, ...options },
      batches,
      build: () => lang.conv2d(input("x", shape), options),
    };
  });

const pool = (op: "maxPool2d" | "avgPool2d"): fc.Arbitrary<Draw> =>
  fc
    .record({
      w: window((extent) => Math.floor(extent / 2)),
      channels: upTo(2),
      ceilMode: fc.boolean(),
      countIncludePad: fc.boolean(),
      batches,
    })
    .map(({ w, channels, ceilMode, countIncludePad, batches }): Draw => {
      const { image, dilation, ...rest } = w;
      const shape = ["N" as const, channels, ...image];
      const options = { ...rest, ceilMode, ...(op === "maxPool2d" ? { dilation } : { countIncludePad }) };
      return { op, facts: { shape, ...options }, batches, build: () => lang[op](input("x", shape), options) };
    })
    .filter(isValid);

/** A window that lies wholly in the padding is an error of its own; it is tested elsewhere. */
function isValid({ build }: Draw): boolean {
  try {
    build();
    return true;
  } catch {
    return false;
  }
}

const matmul: fc.Arbitrary<Draw> = fc
  .record({
    lead: fc.array(fc.tuple(fc.constantFrom(1, 2, 3), fc.constantFrom("both", "left", "right")), {
      maxLength: 1,
    }),
    m: size,
    k: size,
    n: size,
    parameter: fc.boolean(),
    batches,
  })
  .map(({ lead, m, k, n, parameter, batches }): Draw => {
    const sideOf = (which: string) => lead.map(([d, on]) => (on === "both" || on === which ? d : 1));
    const a = ["N" as const, ...sideOf("left"), m, k];
    const b = [...sideOf("right"), k, n];
    const second = (): Tensor => (parameter ? param("p", b) : input("z", ["N", ...b]));
    return {
      op: "matmul",
      facts: { a, b, parameter },
      batches,
      build: () => lang.matmul(input("x", a), second()),
    };
  });

const broadcast: fc.Arbitrary<Draw> = fc
  .record({
    op: fc.constantFrom("add", "sub", "mul", "div", "max", "min", "pow" as const),
    dims: fc.array(fc.tuple(size, fc.constantFrom("both", "left", "right")), { minLength: 1, maxLength: 3 }),
    short: fc.nat({ max: 2 }),
    swap: fc.boolean(),
    batches,
  })
  .map(({ op, dims, short, swap, batches }): Draw => {
    const sizes = (which: string) => dims.map(([d, on]) => (on === "both" || on === which ? d : 1));
    const a = ["N" as const, ...sizes("left")];
    const b = sizes("right").slice(Math.min(short, dims.length));
    const build = (): Tensor => {
      const [x, p] = [input("positive.x", a), param("positive.p", b)];
      return swap ? lang[op as "add"](p, x) : lang[op as "add"](x, p);
    };
    return { op, facts: { a, b, swap }, batches, build };
  });

const shapes = fc.array(size, { minLength: 1, maxLength: 3 });

const reduction: fc.Arbitrary<Draw> = fc
  .record({
    op: fc.constantFrom("sum", "mean", "max", "min"),
    sizes: shapes,
    picks: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    keepDims: fc.boolean(),
    batches,
  })
  .map(({ op, sizes, picks, keepDims, batches }): Draw => {
    const shape = ["N" as const, ...sizes];
    const chosen = shape.flatMap((_, i) => (picks[i] ? [i % 2 ? i : i - shape.length] : []));
    const options = { axis: chosen.length > 0 ? chosen : [-1], keepDims };
    const build = (): Tensor =>
      lang[op as "sum"](lang.mul(input("x", shape), param("p", [sizes.at(-1) ?? 1])), options);
    return { op, facts: { shape, ...options }, batches, build };
  });

const along: fc.Arbitrary<Draw> = fc
  .record({
    op: fc.constantFrom("softmax", "logSoftmax", "layerNorm"),
    sizes: shapes,
    axis: fc.nat({ max: 2 }),
    batches,
  })
  .map(({ op, sizes, axis, batches }): Draw => {
    const shape = ["N" as const, ...sizes.map((d) => Math.max(d, 2))];
    const on = (axis % sizes.length) + 1;
    const options = op === "layerNorm" ? { dims: on } : { axis: on };
    return {
      op,
      facts: { shape, ...options },
      batches,
      build: () => lang[op as "softmax"](input("x", shape), options),
    };
  });

const moves: fc.Arbitrary<Draw> = fc
  .record({
    op: fc.constantFrom("transpose", "reshape", "concat", "split", "pad", "flatten"),
    sizes: fc.tuple(size, size, size),
    order: fc.shuffledSubarray([1, 2, 3], { minLength: 3 }),
    sides: fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 2 }), fc.nat({ max: 2 }), fc.nat({ max: 2 })),
    axis: upTo(3),
    more: size,
    batches,
  })
  .map(({ op, sizes, order, sides, axis, more, batches }): Draw => {
    const shape = ["N" as const, ...sizes];
    const other = shape.map((d, i) => (i === axis ? more : d));
    // Squared afterwards, so that the gradient depends on where each element went.
    const moved = (x: Tensor): Tensor => {
      if (op === "transpose") return lang.transpose(x, [0, ...order]);
      if (op === "reshape") return lang.reshape(x, ["N", (sizes[0] ?? 1) * (sizes[1] ?? 1), -1]);
      if (op === "pad") return lang.pad(x, { padding: sides, value: 0.5 });
      if (op === "split") {
        // The parts in reverse, and the first of them once more.
        const whole = Number(shape[axis]);
        const cut = 1 + (more % whole);
        const parts = split(x, { axis, sizes: cut === whole ? [cut] : [cut, whole - cut] });
        return lang.concat([...parts.toReversed(), ...parts.slice(0, 1)], { axis });
      }
      if (op === "flatten") return lang.flatten(x);
      return lang.concat([x, input("z", other), x], { axis });
    };
    const build = (): Tensor => {
      const y = moved(input("x", shape));
      return lang.mul(y, y);
    };
    return { op, facts: { shape, order, sides, axis, other }, batches, build };
  });

export const builders: Readonly<Record<string, fc.Arbitrary<Draw>>> = {
  conv2d,
  maxPool2d: pool("maxPool2d"),
  avgPool2d: pool("avgPool2d"),
  matmul,
  broadcast,
  reduction,
  along,
  moves,
};
