/** Small programs written by hand: the runtime is tested without the compiler. */
import type { Dispatch, ParamSpec, Program, Shader, Signature } from "../../contract/program.ts";
import type { Count } from "../../contract/type.ts";

const WORKGROUP = 64;

/** `i`, the thread's number, over dispatches folded into y. */
const HEAD = `@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = (wg.y * groups.x + wg.x) * ${WORKGROUP}u + local;`;

/** A kernel with f32 buffers `reads` and a result `y`, whose last statement is given. */
export function kernel(name: string, reads: readonly string[], body: string, usesBatch = true): Shader {
  const first = usesBatch ? 1 : 0;
  const lines = [
    ...(usesBatch ? ["struct Batch { n: u32 }", "@group(0) @binding(0) var<uniform> batch: Batch;"] : []),
    ...reads.map((r, i) => `@group(0) @binding(${first + i}) var<storage, read> ${r}: array<f32>;`),
    `@group(0) @binding(${first + reads.length}) var<storage, read_write> y: array<f32>;`,
    HEAD,
    `  ${body}`,
    "}",
  ];
  const bindings = [
    ...reads.map((r) => ({ name: r, access: "read" as const })),
    { name: "y", access: "read_write" as const },
  ];
  return {
    name,
    layers: [`${name}_layer`],
    wgsl: lines.join("\n"),
    workgroup: WORKGROUP,
    usesBatch,
    bindings,
  };
}

export function dispatch(kernel: number, buffers: readonly number[], items: number, batchTile = 1): Dispatch {
  return { kernel, buffers, grid: { items, batchTile }, layers: [`layer${kernel}`] };
}

export const perBatch = (elements: number): Count => ({
  fixed: (elements * 4) % 16 === 0 ? 0 : 16,
  perBatch: elements * 4,
});
export const fixed = (elements: number): Count => ({ fixed: Math.ceil(elements / 4) * 16, perBatch: 0 });

function program(parts: Partial<Program> & Pick<Program, "name" | "buffers">): Program {
  const base = { inputs: [], outputs: [], params: [], kernels: [], prepare: [], dispatches: [] };
  const peakBytes = { fixed: 0, perBatch: 0 };
  return { format: "weft-program", version: 1, maxBatch: null, peakBytes, ...base, ...parts };
}

const f32 = (name: string, shape: Signature["shape"], buffer: number) => ({
  name,
  dtype: "f32" as const,
  shape,
  buffer,
});

export function param(name: string, shape: readonly number[], buffer: number): ParamSpec {
  return { name, dtype: "f32", shape, buffer, init: { kind: "ones" } };
}

/** sum[n, 3] = a[n, 3] + b[n, 3] */
export const addition = program({
  name: "addition",
  buffers: ["a", "b", "sum"].map((name) => ({ name, bytes: perBatch(3) })),
  inputs: [f32("a", ["N", 3], 0), f32("b", ["N", 3], 1)],
  outputs: [f32("sum", ["N", 3], 2)],
  kernels: [kernel("add", ["a", "b"], "if (i < batch.n * 3u) { y[i] = a[i] + b[i]; }")],
  dispatches: [dispatch(0, [0, 1, 2], 3)],
});

/**
 * doubled[n, 5] = 2·x, scaled[n, 5] = doubled·w·w[i % 5]: the square of w is prepared once, and one kernel is used
 * under two names with the same text.
 */
export const chain = program({
  name: "chain",
  buffers: [
    { name: "x", bytes: perBatch(5) },
    { name: "w", bytes: fixed(5) },
    { name: "w2", bytes: fixed(5) },
    { name: "doubled", bytes: perBatch(5) },
    { name: "scaled", bytes: perBatch(5) },
  ],
  inputs: [f32("x", ["N", 5], 0)],
  outputs: [f32("scaled", ["N", 5], 4), f32("doubled", ["N", 5], 3)],
  params: [param("layer.w", [5], 1)],
  kernels: [
    kernel("square", ["w"], "if (i < 5u) { y[i] = w[i] * w[i]; }", false),
    kernel("double", ["x"], "if (i < batch.n * 5u) { y[i] = 2.0 * x[i]; }"),
    kernel("scale", ["x", "w"], "if (i < batch.n * 5u) { y[i] = x[i] * w[i % 5u]; }"),
  ],
  prepare: [dispatch(0, [1, 2], 5, 0)],
  dispatches: [dispatch(1, [0, 3], 5), dispatch(2, [3, 2, 4], 5)],
});

/** y[count] = i + x[0], without a batch: more than 65,535 workgroups where count > 4,194,240. */
export function counter(count: number): Program {
  return program({
    name: "counter",
    buffers: [
      { name: "x", bytes: fixed(1) },
      { name: "y", bytes: fixed(count) },
    ],
    inputs: [f32("x", [1], 0)],
    outputs: [f32("y", [count], 1)],
    kernels: [kernel("count", ["x"], `if (i < ${count}u) { y[i] = f32(i) + x[0]; }`, false)],
    dispatches: [dispatch(0, [0, 1], count, 0)],
  });
}

/** total = Σ x[n] over the batch, which the kernel knows from its uniform alone. */
export const total = program({
  name: "total",
  buffers: [
    { name: "x", bytes: perBatch(1) },
    { name: "total", bytes: fixed(1) },
  ],
  inputs: [f32("x", ["N"], 0)],
  outputs: [f32("total", [1], 1)],
  kernels: [
    kernel(
      "add_up",
      ["x"],
      "if (i == 0u) { var sum = 0.0; for (var k = 0u; k < batch.n; k++) { sum += x[k]; } y[0] = sum; }",
    ),
  ],
  dispatches: [dispatch(0, [0, 1], 1)],
});

/** y[n] = x[n] after `steps` additions of zero that no compiler removes: slow. */
export function slow(steps: number): Program {
  return program({
    name: "slow",
    buffers: ["x", "y"].map((name) => ({ name, bytes: perBatch(1) })),
    inputs: [f32("x", ["N"], 0)],
    outputs: [f32("y", ["N"], 1)],
    kernels: [
      kernel(
        "spin",
        ["x"],
        `if (i < batch.n) { var v = x[i]; for (var k = 0u; k < ${steps}u; k++) { v = fract(v * 1.5 + f32(k)); } y[i] = x[i] + floor(v); }`,
      ),
    ],
    dispatches: [dispatch(0, [0, 1], 1)],
  });
}

/** The program with its first kernel's text changed. */
export function withWgsl(p: Program, change: (wgsl: string) => string): Program {
  return { ...p, kernels: p.kernels.map((k, i) => (i === 0 ? { ...k, wgsl: change(k.wgsl) } : k)) };
}

export const range = (count: number, from = 0): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: count }, (_, i) => from + i);
export const w = { "layer.w": { shape: [5], data: Float32Array.of(1, 2, 3, 4, 5) } };
