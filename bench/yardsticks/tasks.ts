/** The contractions that are measured: Weft's graph, the reference's result and the hand-written kernels for each. */
import { avgPool2d, conv2d, input, matmul, model, sigmoid } from "weftgpu";
import type { Graph } from "../../compiler/ir/graph.ts";
import type { RawKernel } from "../gpu.ts";
import { noise } from "../numbers.ts";
import { type ConvTile, convInParts, convKernel, depthwiseKernel, packChannelsLast } from "./conv.ts";
import { type MatmulShape, type MatmulTile, matmulKernel, type Sharing, UNIFORM_BYTES } from "./matmul.ts";
import { type PooledTile, pooledKernel } from "./pooled.ts";
import * as reference from "./reference.ts";

/** Shown to the makers of kernels. */
export interface Adapter {
  /** Threads of a subgroup, where that is one number and subgroups can be used. */
  readonly lanes: number | undefined;
}

export interface Task {
  readonly name: string;
  readonly multiplyAdds: number;
  /** Bytes that must be read and written at least. */
  readonly bytes: number;
  readonly graph: Graph;
  readonly inputs: Readonly<Record<string, Float32Array>>;
  /** In the program's order. */
  readonly params: readonly Float32Array[];
  expected(): Float64Array;
  kernels(adapter: Adapter): readonly RawKernel[];
}

const bytesOf = (...lengths: readonly number[]): number => 4 * lengths.reduce((a, b) => a + b, 0);

const tile = (rows: number, columns: number, sharing: Sharing = "none", workgroup = 64): MatmulTile => ({
  rows,
  columns,
  sharing,
  workgroup,
});

function matmulKernels(
  a: Float32Array,
  b: Float32Array,
  shape: MatmulShape,
  tiles: readonly MatmulTile[],
  { lanes }: Adapter,
): readonly RawKernel[] {
  return tiles
    .filter(({ sharing, rows, columns, workgroup }) => {
      if (shape.m % rows || shape.n % columns) return false;
      if (sharing !== "subgroup") return true;
      // Subgroups keep to a row, and no thread may leave: WGSL wants uniform control flow.
      const across = shape.n / columns;
      const whole = ((across * shape.m) / rows) % workgroup === 0;
      return lanes !== undefined && across % lanes === 0 && rows % lanes === 0 && whole;
    })
    .map((t) => matmulKernel(a, b, shape, t, lanes ?? 0));
}

const MATMUL_TILES = [
  tile(8, 8),
  tile(16, 8),
  tile(8, 4, "subgroup"),
  tile(16, 4, "subgroup"),
  tile(32, 4, "subgroup"),
  tile(8, 8, "subgroup"),
  tile(16, 8, "subgroup"),
  tile(8, 4, "workgroup"),
  tile(8, 8, "workgroup"),
  tile(16, 4, "workgroup"),
  tile(8, 4, "uniform"),
  tile(8, 8, "uniform"),
  tile(16, 4, "uniform"),
];

function matmulTask(size: number): Task {
  const a = noise(size * size, 1);
  const b = noise(size * size, 2);
  const shape = { m: size, k: size, n: size };
  const [left, right] = [input("a", [size, size]), input("b", [size, size])];
  return {
    name: `matmul-${size}`,
    multiplyAdds: size ** 3,
    bytes: bytesOf(3 * size * size),
    graph: model("matmul", { a: left, b: right }, { c: matmul(left, right) }).graph,
    inputs: { a, b },
    params: [],
    expected: () => reference.matmul(a, b, size, size, size),
    kernels: (adapter) => matmulKernels(a, b, shape, MATMUL_TILES, adapter),
  };
}

function convTask(
  name: string,
  shape: reference.ConvShape,
  kernels: (x: Float32Array, weight: Float32Array, adapter: Adapter) => readonly RawKernel[],
): Task {
  const { inputs, outputs, size, kernel, padding, stride, depthwise } = shape;
  const x = noise(inputs * size * size, 3);
  const weight = noise(outputs * (depthwise ? 1 : inputs) * kernel * kernel, 4);
  const image = input("x", [1, inputs, size, size]);
  const groups = depthwise ? inputs : 1;
  const y = conv2d(image, { out: outputs, kernel, padding, stride, groups, bias: false });
  return {
    name,
    multiplyAdds: reference.multiplyAdds(shape),
    bytes: bytesOf(x.length, weight.length, outputs * reference.outputSize(shape) ** 2),
    graph: model("conv", { x: image }, { y }).graph,
    inputs: { x },
    params: [weight],
    expected: () => reference.convolution(x, weight, undefined, shape),
    kernels: (adapter) => kernels(x, weight, adapter),
  };
}

const conv = (
  inputs: number,
  outputs: number,
  size: number,
  kernel: number,
  more: Partial<reference.ConvShape> = {},
): reference.ConvShape => ({
  batch: 1,
  inputs,
  outputs,
  size,
  kernel,
  padding: kernel >> 1,
  stride: 1,
  depthwise: false,
  ...more,
});

/** Every tile that fits: columns × channels, with and without the channels by workgroup. */
function spatialTask(
  name: string,
  shape: reference.ConvShape,
  tiles: readonly (readonly [number, number])[],
): Task {
  return convTask(name, shape, (x, weight) => {
    const packed = packChannelsLast(weight, shape.outputs);
    const vectors = shape.stride === 1 && shape.size % 4 === 0;
    return tiles.flatMap(([columns, channels]) => {
      const tile = (byWorkgroup: boolean): ConvTile => ({
        columns,
        channels,
        byWorkgroup,
        vectors: vectors && columns % 4 === 0,
      });
      const fits = (4 * channels * weight.length) / shape.outputs <= UNIFORM_BYTES;
      return [
        convKernel(x, packed, shape, tile(false)),
        convKernel(x, packed, shape, tile(true)),
        ...(fits ? [convInParts(x, weight, shape, tile(true))] : []),
      ];
    });
  });
}

/** A 1×1 convolution is the product of [outputs, inputs] and [inputs, positions]. */
function pointTask(name: string, inputs: number, outputs: number, size: number): Task {
  const shape = conv(inputs, outputs, size, 1);
  const product = { m: outputs, k: inputs, n: size * size };
  return convTask(name, shape, (x, weight, adapter) =>
    matmulKernels(weight, x, product, MATMUL_TILES, adapter),
  );
}

function pooledTask(name: string, shape: reference.ConvShape, tiles: readonly PooledTile[]): Task {
  const { batch, inputs, outputs, size, kernel, padding } = shape;
  const x = noise(batch * inputs * size * size, 5);
  const weight = noise(outputs * inputs * kernel * kernel, 6).map((v) => v / 4);
  const bias = noise(outputs, 7);
  const out = reference.outputSize(shape);
  const image = input("x", [batch, inputs, size, size]);
  const layer = conv2d(image, { out: outputs, kernel, padding });
  return {
    name,
    multiplyAdds: reference.multiplyAdds(shape),
    bytes: bytesOf(x.length, weight.length, (batch * outputs * out * out) / 4),
    graph: model("block", { x: image }, { y: avgPool2d(sigmoid(layer), { kernel: 2 }) }).graph,
    inputs: { x },
    params: [weight, bias],
    expected: () => reference.sigmoidPool(reference.convolution(x, weight, bias, shape), out),
    kernels: () => tiles.map((t) => pooledKernel(x, weight, bias, shape, t)),
  };
}

const pooled = (
  channels: number,
  weights: PooledTile["weights"] = "storage",
  byWorkgroup = false,
): PooledTile => ({ channels, weights, byWorkgroup });

/** By name; made when asked for. */
export const tasks: Readonly<Record<string, (name: string) => Task>> = {
  "matmul-512": () => matmulTask(512),
  "matmul-1024": () => matmulTask(1024),
  "conv3x3-64-56": (name) =>
    spatialTask(name, conv(64, 64, 56, 3), [
      [4, 8],
      [8, 4],
      [8, 8],
      [4, 16],
    ]),
  "conv3x3-512-7": (name) =>
    spatialTask(name, conv(512, 512, 7, 3), [
      [7, 4],
      [7, 8],
    ]),
  "conv7x7-stem": (name) =>
    spatialTask(name, conv(3, 64, 224, 7, { stride: 2 }), [
      [4, 8],
      [8, 4],
      [8, 8],
    ]),
  "conv1x1-256-28": (name) => pointTask(name, 256, 256, 28),
  "conv1x1-576-14": (name) => pointTask(name, 96, 576, 14),
  "depthwise-144-56": (name) =>
    convTask(name, conv(144, 144, 56, 3, { depthwise: true }), (x, weight) =>
      [
        [1, 4],
        [2, 4],
        [4, 4],
        [4, 8],
      ].map(([rows = 1, columns = 1]) =>
        depthwiseKernel(x, weight, conv(144, 144, 56, 3, { depthwise: true }), { rows, columns }),
      ),
    ),
  "lenet-conv1": (name) =>
    pooledTask(name, conv(1, 6, 28, 5, { batch: 256 }), [
      pooled(6),
      pooled(6, "uniform"),
      pooled(6, "constants"),
      pooled(3),
    ]),
  "lenet-conv2": (name) =>
    pooledTask(name, conv(6, 16, 14, 5, { batch: 256, padding: 0 }), [
      pooled(4),
      pooled(8),
      pooled(4, "uniform", true),
      pooled(8, "uniform", true),
      pooled(8, "storage", true),
    ]),
};
