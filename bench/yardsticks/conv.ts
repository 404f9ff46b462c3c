/** Hand-written convolutions: a thread holds neighbouring columns of several output channels. */
import type { RawKernel } from "../gpu.ts";
import { UNIFORM_BYTES } from "./matmul.ts";
import { type ConvShape, outputSize } from "./reference.ts";

const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
const lines = (list: readonly string[]): string => list.join("\n");

/** [outputs, inputs, kernel, kernel] → [inputs, kernel, kernel, outputs]: neighbours are the channels of a vector. */
export function packChannelsLast(weight: Float32Array, outputs: number): Float32Array {
  const rest = weight.length / outputs;
  return Float32Array.from(weight, (_, i) => weight[(i % outputs) * rest + Math.floor(i / outputs)] ?? 0);
}

export interface ConvTile {
  /** Neighbouring output columns of a thread. */
  readonly columns: number;
  /** Output channels of a thread, a multiple of 4. */
  readonly channels: number;
  /** Whether the channels depend on the workgroup alone, so that a driver may load the weights once for it. */
  readonly byWorkgroup: boolean;
  /** Whether rows of the picture are loaded by vectors (stride 1, sizes that 4 divides) or one by one. */
  readonly vectors: boolean;
}

/** As `convKernel`, for as many channels as a uniform buffer holds, again and again. */
export function convInParts(
  x: Float32Array,
  weight: Float32Array,
  shape: ConvShape,
  tile: ConvTile,
): RawKernel {
  const each = weight.length / shape.outputs;
  const most = Math.min(shape.outputs, Math.floor(UNIFORM_BYTES / (4 * each)));
  const outputs = range(most + 1).findLast(
    (o) => o > 0 && shape.outputs % o === 0 && o % tile.channels === 0,
  );
  if (outputs === undefined) throw new Error("no channel tile fits a uniform buffer");
  const count = shape.outputs / outputs;
  const parts = range(count).map((i) =>
    packChannelsLast(weight.subarray(i * outputs * each, (i + 1) * outputs * each), outputs),
  );
  const packed = new Float32Array(weight.length);
  parts.forEach((part, i) => {
    packed.set(part, i * part.length);
  });
  const one = convKernel(x, parts[0] ?? packed, { ...shape, outputs }, tile);
  return {
    ...one,
    name: `${one.name}, weights in uniform buffers`,
    wgsl: one.wgsl.replace("<storage, read> weight:", "<uniform> weight:"),
    operands: one.operands.map((operand) => (operand === parts[0] ? packed : operand)),
    result: one.result * count,
    parts: { count, operand: 1 },
  };
}

/** A batch of one, no bias. `packed` as `packChannelsLast` gives it. */
export function convKernel(
  x: Float32Array,
  packed: Float32Array,
  shape: ConvShape,
  { columns, channels, byWorkgroup, vectors }: ConvTile,
): RawKernel {
  const { inputs, outputs, size, kernel, padding, stride } = shape;
  const out = outputSize(shape);
  if (out % columns || outputs % channels || channels % 4) throw new Error("the tile does not fit the shape");
  if (vectors && (stride !== 1 || size % 4 || columns % 4))
    throw new Error("rows cannot be loaded by vectors");
  const [across, wide, blocks] = [out / columns, channels / 4, outputs / channels];
  const spots = out * across;
  const taken = (columns - 1) * stride + kernel;
  const loadRow = range(taken).map((j) => {
    const at = j - padding;
    if (vectors && at >= 0 && at < columns) {
      const part = ["x", "y", "z", "w"][at % 4];
      const load = at % 4 ? "" : `let row${at / 4} = xv[(line + left) / 4 + ${at / 4}];`;
      return `${load} let v${j} = row${Math.floor(at / 4)}.${part};`;
    }
    return `let c${j} = left + ${at}; let v${j} = select(0.0, x[line + c${j}], c${j} >= 0 && c${j} < ${size});`;
  });
  const weights = range(kernel).flatMap((kx) =>
    range(wide).map(
      (j) =>
        `let w${kx}_${j} = weight[(ci * ${kernel}u + ky) * ${(kernel * outputs) / 4}u + ${(kx * outputs) / 4}u + o + ${j}u];`,
    ),
  );
  // A row of taps is summed before an accumulator is touched: it is in memory where registers are few.
  const taps = range(wide).flatMap((j) =>
    range(columns).map(
      (c) =>
        `acc${c}_${j} += ${range(kernel)
          .map((kx) => `v${c * stride + kx} * w${kx}_${j}`)
          .join(" + ")};`,
    ),
  );
  const store = range(columns).flatMap((c) =>
    range(channels).map(
      (o) =>
        `y[(o * 4u + ${o}u) * ${out * out}u + first + ${c}u] = acc${c}_${o >> 2}.${["x", "y", "z", "w"][o % 4]};`,
    ),
  );
  const wgsl = `@group(0) @binding(0) var<storage, read> x: array<f32, ${x.length}>;
${vectors ? `@group(0) @binding(3) var<storage, read> xv: array<vec4f, ${x.length / 4}>;` : ""}
@group(0) @binding(1) var<storage, read> weight: array<vec4f, ${packed.length / 4}>;
@group(0) @binding(2) var<storage, read_write> y: array<f32, ${outputs * out * out}>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let thread = group.x * 64u + local;
  let spot = thread ${byWorkgroup ? "" : `% ${spots}u`};
  let block = ${byWorkgroup ? "group.y" : `thread / ${spots}u`};
  if (${byWorkgroup ? `spot >= ${spots}u` : `block >= ${blocks}u`}) { return; }
  let o = block * ${wide}u;
  let first = (spot / ${across}u) * ${out}u + (spot % ${across}u) * ${columns}u;
  let left = i32(spot % ${across}u) * ${columns * stride};
  let top = i32(spot / ${across}u) * ${stride} - ${padding};
  ${lines(range(columns).flatMap((c) => range(wide).map((j) => `var acc${c}_${j} = vec4f();`)))}
  for (var ci = 0u; ci < ${inputs}u; ci++) {
    for (var ky = 0u; ky < ${kernel}u; ky++) {
      let rowAt = top + i32(ky);
      if (rowAt < 0 || rowAt >= ${size}) { continue; }
      let line = (i32(ci) * ${size} + rowAt) * ${size};
      ${lines([...loadRow, ...weights, ...taps])}
    }
  }
  ${lines(store)}
}`;
  const how = [
    `${columns} columns × ${channels} channels`,
    vectors ? "vec4 rows" : "",
    byWorkgroup ? "channels by workgroup" : "",
  ];
  return {
    name: how.filter(Boolean).join(", "),
    // Binding 3 must follow the result's, which is last: so the vectors' view takes the place of the plain one.
    wgsl: vectors
      ? wgsl
          .replace("@binding(2)", "@binding(9)")
          .replace("@binding(3)", "@binding(2)")
          .replace("@binding(9)", "@binding(3)")
      : wgsl,
    operands: vectors ? [x, packed, x] : [x, packed],
    result: outputs * out * out,
    workgroups: [Math.ceil((byWorkgroup ? spots : spots * blocks) / 64), byWorkgroup ? blocks : 1],
  };
}

/** Depthwise, stride 1: a thread holds rows × columns outputs of one channel. `weight` is [channels, kernel²]. */
export function depthwiseKernel(
  x: Float32Array,
  weight: Float32Array,
  shape: ConvShape,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): RawKernel {
  const { outputs, size, kernel, padding, stride } = shape;
  const out = outputSize(shape);
  if (stride !== 1 || out % rows || out % columns) throw new Error("the tile does not fit the shape");
  const [across, down] = [out / columns, out / rows];
  const threads = outputs * across * down;
  const load = range(rows + kernel - 1).flatMap((i) => [
    `let r${i} = top + ${i - padding}; let ok${i} = r${i} >= 0 && r${i} < ${size};`,
    ...range(columns + kernel - 1).map((j) => {
      const inside =
        j < padding || j >= columns + padding
          ? `ok${i} && left + ${j - padding} >= 0 && left + ${j - padding} < ${size}`
          : `ok${i}`;
      return `let v${i}_${j} = select(0.0, x[plane + r${i} * ${size} + left + ${j - padding}], ${inside});`;
    }),
  ]);
  const sum = (i: number, j: number): string =>
    range(kernel * kernel)
      .map((t) => `v${i + Math.floor(t / kernel)}_${j + (t % kernel)} * w${t}`)
      .join(" + ");
  const wgsl = `@group(0) @binding(0) var<storage, read> x: array<f32, ${x.length}>;
@group(0) @binding(1) var<storage, read> weight: array<f32, ${weight.length}>;
@group(0) @binding(2) var<storage, read_write> y: array<f32, ${outputs * out * out}>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let thread = i32(group.x * 64u + local);
  if (thread >= ${threads}) { return; }
  let left = (thread % ${across}) * ${columns};
  let top = (thread / ${across} % ${down}) * ${rows};
  let channel = thread / ${across * down};
  let plane = channel * ${size * size};
  ${lines(range(kernel * kernel).map((t) => `let w${t} = weight[channel * ${kernel * kernel} + ${t}];`))}
  ${lines(load)}
  let first = channel * ${out * out} + top * ${out} + left;
  ${lines(range(rows).flatMap((i) => range(columns).map((j) => `y[first + ${i * out + j}] = ${sum(i, j)};`)))}
}`;
  return {
    name: `${rows}×${columns} outputs`,
    wgsl,
    operands: [x, weight],
    result: outputs * out * out,
    workgroups: [Math.ceil(threads / 64), 1],
  };
}
