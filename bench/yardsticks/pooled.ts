/** Hand-written convolution, bias, sigmoid and 2×2 mean in one: the picture's patch of a pooled output is in registers. */
import type { RawKernel } from "../gpu.ts";
import { type ConvShape, outputSize } from "./reference.ts";

const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
const lines = (list: readonly string[]): string => list.join("\n");
const PARTS = ["x", "y", "z", "w"] as const;

export interface PooledTile {
  /** Output channels of a thread. */
  readonly channels: number;
  /** Where the weights are: a storage buffer, a uniform buffer, or numbers in the text. */
  readonly weights: "storage" | "uniform" | "constants";
  /** Whether the channels depend on the workgroup alone. */
  readonly byWorkgroup: boolean;
}

/** [outputs, inputs, taps] → [outputs / channels, inputs, taps, channels], each block filled up to whole vec4. */
function packBlocks(
  weight: Float32Array,
  { inputs, outputs, kernel }: ConvShape,
  channels: number,
): Float32Array {
  const taps = kernel * kernel;
  const block = Math.ceil((taps * channels) / 4) * 4;
  const packed = new Float32Array((outputs / channels) * inputs * block);
  for (let o = 0; o < outputs; o++)
    for (let c = 0; c < inputs; c++)
      for (let t = 0; t < taps; t++) {
        const at = (Math.floor(o / channels) * inputs + c) * block + t * channels + (o % channels);
        packed[at] = weight[(o * inputs + c) * taps + t] ?? 0;
      }
  return packed;
}

/** x is [batch, inputs, size, size]; the result is [batch, outputs, out / 2, out / 2]. Stride 1. */
export function pooledKernel(
  x: Float32Array,
  weight: Float32Array,
  bias: Float32Array,
  shape: ConvShape,
  { channels, weights, byWorkgroup }: PooledTile,
): RawKernel {
  const { batch, inputs, outputs, size, kernel, padding } = shape;
  const half = outputSize(shape) / 2;
  const packed = packBlocks(weight, shape, channels);
  const blocks = outputs / channels;
  const perInput = packed.length / 4 / blocks / inputs;
  const spots = batch * half * half;
  const pairs = size % 2 === 0 && padding % 2 === 0;
  const side = kernel + 1;
  if (!pairs || side % 2) throw new Error("the patch is not made of pairs");
  const constants = weights === "constants";
  const taken = range(side).flatMap((i) => [
    ...(padding ? [`let r${i} = top + ${i}; let ok${i} = r${i} >= 0 && r${i} < ${size};`] : []),
    ...range(side / 2).map((j) => {
      const load = `x[line + ${i * (size / 2) + j}]`;
      const inside = `ok${i} && left + ${2 * j} >= 0 && left + ${2 * j} < ${size}`;
      return `let p${i}_${j} = ${padding ? `select(vec2f(), ${load}, ${inside})` : load};`;
    }),
  ]);
  const patch = (i: number, j: number): string => `p${i}_${j >> 1}.${PARTS[j & 1]}`;
  const value = (tap: number, o: number, input: number): string => {
    const i = tap * channels + o;
    return constants ? `${packed[input * perInput * 4 + i]}` : `w${i >> 2}.${PARTS[i & 3]}`;
  };
  const body = (input: number): string =>
    lines([
      `line = (image * ${inputs} + ${constants ? input : "ci"}) * ${(size * size) / 2} + (top * ${size} + left) / 2;`,
      ...taken,
      ...(constants
        ? []
        : range(perInput).map((i) => `let w${i} = weight[(block * ${inputs} + ci) * ${perInput} + ${i}];`)),
      // A row of taps is summed before an accumulator is touched: it is in memory where registers are few.
      ...range(kernel).flatMap((ky) =>
        range(channels).flatMap((o) =>
          range(4).map((q) => {
            const products = range(kernel).map(
              (kx) => `${patch(ky + (q >> 1), kx + (q & 1))} * ${value(ky * kernel + kx, o, input)}`,
            );
            return `acc${o}_${q} += ${products.join(" + ")};`;
          }),
        ),
      ),
    ]);
  if (constants && blocks > 1) throw new Error("constants are for one block of channels");
  const space = weights === "uniform" ? "uniform" : "storage, read";
  const wgsl = `@group(0) @binding(0) var<storage, read> x: array<vec2f, ${x.length / 2}>;
@group(0) @binding(1) var<storage, read> bias: array<f32, ${bias.length}>;
${constants ? "" : `@group(0) @binding(2) var<${space}> weight: array<vec4f, ${packed.length / 4}>;`}
@group(0) @binding(${constants ? 2 : 3}) var<storage, read_write> y: array<f32, ${spots * outputs}>;
fn sigmoid(x: f32) -> f32 { return 1.0 / (1.0 + exp(-x)); }
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let thread = i32(group.x * 64u + local);
  let spot = thread ${byWorkgroup ? "" : `% ${spots}`};
  let block = ${byWorkgroup ? "i32(group.y)" : `thread / ${spots}`};
  if (${byWorkgroup ? `spot >= ${spots}` : `block >= ${blocks}`}) { return; }
  let left = spot % ${half} * 2 - ${padding};
  let top = spot / ${half} % ${half} * 2 - ${padding};
  let image = spot / ${half * half};
  var line = 0;
  ${lines(range(channels).flatMap((o) => [`let b${o} = bias[block * ${channels} + ${o}];`, ...range(4).map((q) => `var acc${o}_${q} = b${o};`)]))}
  ${constants ? lines(range(inputs).map((i) => `{ ${body(i)} }`)) : `for (var ci = 0; ci < ${inputs}; ci++) { ${body(0)} }`}
  let first = (image * ${outputs} + block * ${channels}) * ${half * half} + spot % ${half * half};
  ${lines(
    range(channels).map(
      (o) =>
        `y[first + ${o * half * half}] = 0.25 * (${range(4)
          .map((q) => `sigmoid(acc${o}_${q})`)
          .join(" + ")});`,
    ),
  )}
}`;
  return {
    name: `${channels} channels, weights in ${weights}${byWorkgroup ? ", channels by workgroup" : ""}`,
    wgsl,
    operands: constants ? [x, bias] : [x, bias, packed],
    result: spots * outputs,
    workgroups: [Math.ceil((byWorkgroup ? spots : spots * blocks) / 64), byWorkgroup ? blocks : 1],
  };
}
