/** Triangles, turned sequences, chosen positions, and pictures that are read at places that are computed. */
import type { Dim } from "../../../contract/type.ts";
import type { Call } from "../call.ts";
import { type Computed, known, numbersOf, refuse, sizeOf, TYPES } from "../value.ts";
import { picked, sliced } from "./layout.ts";
import { axisOf, compact, fixedSizes, type Rows, range, reshaped } from "./row.ts";

/** Numbers of this import's own, as a part of the program. */
const table = (call: Call, numbers: readonly number[], shape: readonly number[]): Computed => {
  call.spend(numbers.length);
  return call.apply("constant", [numbers, shape]);
};

const within = (call: Call, x: Computed, low: number, high: number): Computed =>
  call.apply("clip", [x, { min: low, max: high }]);

/** Positions of a coordinate −1 … 1 along so many elements. */
function unscaled(call: Call, x: Computed, size: number, corners: boolean): Computed {
  const half = corners ? (size - 1) / 2 : size / 2;
  const middle = (size - 1) / 2;
  const scaled = call.apply("mul", [x, half]);
  return call.apply("add", [scaled, middle]);
}

/** What lies beyond is turned back at the borders, as often as it takes. */
function reflected(call: Call, x: Computed, size: number, corners: boolean): Computed {
  const [low, high] = corners ? [0, size - 1] : [-0.5, size - 0.5];
  const span = high - low;
  if (span === 0) return call.apply("mul", [x, 0]);
  const from = call.apply("abs", [call.apply("sub", [x, low])]);
  const turn = call.apply("mod", [from, 2 * span]);
  const back = call.apply("sub", [span, call.apply("abs", [call.apply("sub", [turn, span])])]);
  return within(call, call.apply("add", [back, low]), 0, size - 1);
}

interface Sampler {
  readonly sizes: readonly [height: number, width: number];
  /** Elements of each picture in one line, [N, C, H · W]. */
  readonly line: Computed;
  /** [N, C, places] */
  readonly shape: readonly Dim[];
  readonly zeros: boolean;
}

/** What stands at whole positions [N, 1, places]; 0 beyond the picture where `zeros` says so. */
function at(
  call: Call,
  { sizes: [height, width], line, shape, zeros }: Sampler,
  y: Computed,
  x: Computed,
): Computed {
  const [row, column] = [within(call, y, 0, height - 1), within(call, x, 0, width - 1)];
  const place = call.apply("add", [call.apply("mul", [row, width]), column]);
  const index = call.apply("cast", [call.apply("expand", [place, shape]), { to: "i32" }], { type: "i64" });
  const value = call.apply("gatherElements", [line, index, { axis: 2 }]);
  if (!zeros) return value;
  const inside = call.apply("and", [call.apply("equal", [row, y]), call.apply("equal", [column, x])]);
  return call.apply("mul", [value, inside]);
}

export const places: Rows = {
  /** What lies above or below a diagonal is 0. */
  Trilu(call) {
    const x = call.moved(0);
    const [k = 0] = call.numbers(1, "the diagonal") ?? [];
    const upper = call.int("upper", 1) !== 0;
    return call.apply(upper ? "triu" : "tril", [call.asNumbers(x), k === 0 ? {} : { diagonal: k }], {
      type: x.type,
    });
  },

  /** The first so many steps of each sequence, from the last of them. */
  ReverseSequence(call) {
    const x = call.tensor(0);
    const [time, batch] = [call.int("time_axis", 0), call.int("batch_axis", 1)];
    const [steps = 1] = fixedSizes(x.shape.slice(time, time + 1), "it turns an axis");
    const spread = (axis: number, size: Dim): readonly Dim[] =>
      x.shape.map((_, i) => (i === axis ? size : 1));
    const here = table(call, range(0, steps), spread(time, steps).map(Number));
    const lengths = reshaped(call, call.tensor(1), spread(batch, x.shape[batch] ?? 1));
    const turned = call.apply("sub", [call.apply("sub", [lengths, 1]), here]);
    const place = call.apply("where", [call.apply("less", [here, lengths]), turned, here]);
    const index = call.apply("cast", [call.apply("expand", [place, x.shape]), { to: "i32" }], {
      type: "i64",
    });
    return call.apply("gatherElements", [x, index, { axis: time }], { type: x.type });
  },

  EyeLike(call) {
    const { shape, type: own } = call.value(0);
    const [rows = 1, columns = 1] = fixedSizes(shape, "it has an axis");
    const k = call.int("k", 0);
    const type = TYPES[call.int("dtype", 0) as keyof typeof TYPES] ?? own; // any number may stand there
    call.spend(rows * columns);
    return known(
      type,
      [rows, columns],
      Array.from({ length: rows * columns }, (_, i) => Number((i % columns) - Math.floor(i / columns) === k)),
    );
  },

  /** Positions that a known mask has. */
  Compress(call) {
    const mask = numbersOf(call.known(1, "the condition").data, "the condition");
    const chosen = mask.flatMap((v, i) => (v === 0 ? [] : [i]));
    if (chosen.length === 0) refuse("it chooses nothing", "a condition with a true element");
    const x = call.moved(0);
    const count = call.has("axis") ? undefined : sizeOf(fixedSizes(x.shape, "it takes an axis apart"));
    const line = count === undefined ? x : reshaped(call, x, [count]);
    return picked(call, line, axisOf(call.int("axis", 0), line.shape.length), chosen);
  },

  /** The middle of each axis, or the axis in the middle of zeros. */
  CenterCropPad(call) {
    const x = call.moved(0);
    const rank = x.shape.length;
    const wanted = call.numbers(1, "the shape") ?? refuse("the shape is missing");
    const axes = (call.ints("axes") ?? range(0, rank)).map((a) => axisOf(a, rank));
    return axes.reduce((part, axis, i) => {
      const [size = 1] = fixedSizes(part.shape.slice(axis, axis + 1), "it cuts an axis");
      const to = wanted[i] ?? size;
      if (to < size) return sliced(call, part, axis, Math.floor((size - to) / 2), to);
      if (to === size) return part;
      const before = Math.floor((to - size) / 2);
      const sides = compact([before, to - size - before]);
      return call.apply("pad", [part, { padding: sides, axis }], { type: x.type });
    }, x);
  },

  /** Blocks put back where they were cut from, and added where they overlap. */
  Col2Im(call) {
    const x = call.tensor(0);
    const image = call.numbers(1, "the image's shape") ?? refuse("the image's shape is missing");
    const block = call.numbers(2, "the block's shape") ?? refuse("the block's shape is missing");
    const rank = block.length;
    const each = (name: string): readonly number[] => call.ints(name) ?? block.map(() => 1);
    const [dilation, stride] = [each("dilations"), each("strides")];
    const pads = call.ints("pads") ?? range(0, 2 * rank).map(() => 0);
    const counts = image.map((n, i) => {
      const room =
        n + (pads[i] ?? 0) + (pads[i + rank] ?? 0) - (dilation[i] ?? 1) * ((block[i] ?? 1) - 1) - 1;
      return Math.floor(room / (stride[i] ?? 1)) + 1;
    });
    const taps = sizeOf(block);
    const [width = 1] = fixedSizes(x.shape.slice(1, 2), "it has blocks");
    const channels = width / taps;
    const layer = (["convTranspose1d", "convTranspose2d", "convTranspose3d"] as const)[rank - 1];
    if (!layer) return refuse(`it has blocks of ${rank} sizes`, "one to three");
    const weight = table(
      call,
      Array.from({ length: channels * taps * taps }, (_, i) =>
        Number(Math.floor(i / taps) % taps === i % taps),
      ),
      [width, 1, ...block],
    );
    const sides = range(0, rank).flatMap((i) => [pads[i] ?? 0, pads[i + rank] ?? 0]);
    const missing = image.map((n, i) => {
      const [s = 1, d = 1, k = 1] = [stride[i], dilation[i], block[i]];
      return (
        n - (((counts[i] ?? 1) - 1) * s + d * (k - 1) + 1 - (sides[2 * i] ?? 0) - (sides[2 * i + 1] ?? 0))
      );
    });
    const grid = reshaped(call, x, [x.shape[0] ?? 1, width, ...counts]);
    return call.apply(layer, [
      grid,
      {
        out: channels,
        kernel: compact(block),
        weight,
        bias: false,
        ...(channels === 1 ? {} : { groups: channels }),
        ...(stride.every((s) => s === 1) ? {} : { stride: compact(stride) }),
        ...(dilation.every((s) => s === 1) ? {} : { dilation: compact(dilation) }),
        ...(sides.every((s) => s === 0) ? {} : { padding: compact(sides) }),
        ...(missing.every((s) => s === 0) ? {} : { outputPadding: compact(missing) }),
      },
    ]);
  },

  /** Where each element of a picture is read from: a matrix of each example times the element's coordinates. */
  AffineGrid(call) {
    const theta = call.tensor(0);
    const size = call.numbers(1, "the size") ?? refuse("the size is missing");
    const sizes = size.slice(2);
    const corners = call.int("align_corners", 0) !== 0;
    const count = sizeOf(sizes);
    const rank = sizes.length;
    const coordinate = (i: number, n: number): number =>
      corners ? -1 + (2 * i) / (n - 1) : -1 + (2 * i + 1) / n;
    if (corners && sizes.includes(1))
      refuse(
        "align_corners with a size of 1, which runtimes read in two ways",
        "an export without align_corners",
      );
    // The last axis is the first coordinate.
    const base = range(0, count).flatMap((i) => [
      ...sizes.map((n, d) => coordinate(Math.floor(i / sizeOf(sizes.slice(d + 1))) % n, n)).toReversed(),
      1,
    ]);
    const grid = call.apply("matmul", [
      table(call, base.map(Math.fround), [count, rank + 1]),
      call.apply("transpose", [theta]),
    ]);
    return reshaped(call, grid, [theta.shape[0] ?? 1, ...sizes, rank]);
  },

  /** Elements of pictures at coordinates −1 … 1, between elements by distance. */
  GridSample(call) {
    const [x, grid] = [call.tensor(0), call.tensor(1)];
    if (x.shape.length !== 4)
      refuse(`it reads a tensor of rank ${x.shape.length}`, "pictures [N, channels, height, width]");
    const mode = call.text("mode", call.opset < 20 ? "bilinear" : "linear");
    const padding = call.text("padding_mode", "zeros");
    const corners = call.int("align_corners", 0) !== 0;
    if (mode !== "bilinear" && mode !== "linear" && mode !== "nearest")
      refuse(`its mode is ${mode}`, "linear, nearest");
    const [height = 1, width = 1] = fixedSizes(x.shape.slice(2), "it reads along an axis");
    const [rows = 1, columns = 1] = fixedSizes(grid.shape.slice(1, 3), "it makes an axis");
    const [batch = 1, channels = 1] = x.shape;
    const count = rows * columns;
    const one = (i: number, size: number): Computed => {
      const part = reshaped(call, sliced(call, grid, 3, i, 1), [batch, 1, count]);
      const position = unscaled(call, part, size, corners);
      if (padding === "border") return within(call, position, 0, size - 1);
      return padding === "reflection" ? reflected(call, position, size, corners) : position;
    };
    const [across, down] = [one(0, width), one(1, height)];
    const sampler: Sampler = {
      sizes: [height, width],
      line: reshaped(call, x, [batch, channels, height * width]),
      shape: [batch, channels, count],
      zeros: padding === "zeros",
    };
    const whole = (value: Computed): Computed => reshaped(call, value, [batch, channels, rows, columns]);
    if (mode === "nearest")
      return whole(at(call, sampler, call.apply("round", [down]), call.apply("round", [across])));
    const [left, top] = [call.apply("floor", [across]), call.apply("floor", [down])];
    const [right, bottom] = [call.apply("add", [left, 1]), call.apply("add", [top, 1])];
    const mixed = (a: Computed, b: Computed, share: Computed): Computed =>
      call.apply("add", [a, call.apply("mul", [call.apply("sub", [b, a]), share])]);
    const beside = call.apply("sub", [across, left]);
    const upper = mixed(at(call, sampler, top, left), at(call, sampler, top, right), beside);
    const lower = mixed(at(call, sampler, bottom, left), at(call, sampler, bottom, right), beside);
    return whole(mixed(upper, lower, call.apply("sub", [down, top])));
  },

  /** By the first row, of matrices of up to 4×4. */
  Det(call) {
    const x = call.tensor(0);
    const [size = 1] = fixedSizes(x.shape.slice(-1), "a matrix has rows");
    if (size > MOST_ROWS) refuse(`it is of matrices of ${size}×${size}`, `up to ${MOST_ROWS}×${MOST_ROWS}`);
    const lead = x.shape.length - 2;
    const element = (row: number, column: number): Computed => {
      const part = sliced(call, sliced(call, x, lead, row, 1), lead + 1, column, 1);
      return call.apply("squeeze", [part, { axis: [lead, lead + 1] }]);
    };
    const minor = (row: number, columns: readonly number[]): Computed => {
      const [only] = columns;
      if (columns.length === 1 && only !== undefined) return element(row, only);
      return columns
        .map((column, i) => {
          const rest = minor(row + 1, columns.toSpliced(i, 1));
          const product = call.apply("mul", [element(row, column), rest]);
          return i % 2 === 0 ? product : call.apply("neg", [product]);
        })
        .reduce((sum, term) => call.apply("add", [sum, term]));
    };
    return minor(0, range(0, size));
  },
};
const MOST_ROWS = 4;
