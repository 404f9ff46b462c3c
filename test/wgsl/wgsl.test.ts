/** The interpreter of WGSL: what it computes, what it finds, and that an adapter agrees with it. */
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import lenet from "../../models/lenet.ts";
import { dataFor } from "../fuzz/data.ts";
import { models } from "../fuzz/draw.ts";
import { buildModel, printModel } from "../fuzz/spec.ts";
import { closeDevice, device, runProgramOn } from "../oracle/weft.ts";
import { interpreter } from "./device.ts";
import { KernelMachine, toHalf } from "./machine.ts";

afterAll(closeDevice);

const HEAD = `@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
`;
const main = (body: string, workgroup = 4): string =>
  `@compute @workgroup_size(${workgroup})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  let thread = i32((group.y * groups.x + group.x) * ${workgroup}u + local);
${body}
}`;

/** What a kernel makes of x. */
function run(code: string, x: readonly number[], size: number, backwards = false): readonly number[] {
  const y = new Float32Array(size);
  const groups = [Math.ceil(size / 4), 1, 1] as const;
  new KernelMachine(code).run(
    [{ bytes: Float32Array.from(x).buffer }, { bytes: y.buffer }],
    groups,
    backwards,
  );
  return Array.from(y);
}

describe("what kernels compute", () => {
  test("arithmetic is that of each type, rounded after each operation", () => {
    const code = `${HEAD}${main(
      `  let a = 7 / 2 * 2 + -7 % 4;
  let big = x[1] + 1.0 + 1.0;
  let bits = (0xffu & 12u) >> 2u;
  y[0] = f32(a);
  y[1] = big;
  y[2] = f32(bits) + select(1.0, 2.0, thread == 0 && !(local > 3u));
  y[3] = x[0] * 0.1;`,
      1,
    )}`;
    const y = new Float32Array(4);
    new KernelMachine(code).run(
      [{ bytes: Float32Array.of(3, 16777216).buffer }, { bytes: y.buffer }],
      [1, 1, 1],
    );
    expect(Array.from(y)).toEqual([3, 16777216, 5, Math.fround(3 * Math.fround(0.1))]);
  });

  test("vectors: splats, components, functions, loops over them, arrays of a thread's own", () => {
    const code = `${HEAD}fn twice(v: vec2<f32>) -> vec2<f32> {
  return v * 2.0;
}
${main(
  `  var sum = vec4<f32>(0.0);
  for (var i = 0; i < 3; i++) {
    sum += vec4<f32>(x[i]) * vec4<f32>(1.0, 2.0, 3.0, 4.0);
  }
  let pair = twice(sum.yw) + vec2<f32>(sum.x, 0.5);
  var tile = array<f32, 2>(pair.x, pair.y);
  tile[1] += 1.0;
  for (var i = 0; i < 2; i += 1) {
    y[i] = tile[i];
  }`,
  1,
)}`;
    const y = new Float32Array(2);
    new KernelMachine(code).run([{ bytes: Float32Array.of(1, 2, 3).buffer }, { bytes: y.buffer }], [1, 1, 1]);
    expect(Array.from(y)).toEqual([30, 49.5]);
  });

  test("bits of numbers, and flags of vectors", () => {
    const code = `${HEAD}${main(
      `  let v = vec2<f32>(x[0], x[1]);
  let bits = bitcast<vec2<u32>>(v) & vec2<u32>(0x7fffffffu);
  let none = (bits > vec2<u32>(0x7f800000u)) | ((v < vec2<f32>(0.0)) & (floor(v) == v));
  let w = bitcast<vec2<f32>>(select(bits, vec2<u32>(0x3f800000u), none));
  y[0] = w.x;
  y[1] = w.y;
  y[2] = bitcast<f32>(0xff800000u);`,
      1,
    )}`;
    const y = new Float32Array(3);
    new KernelMachine(code).run(
      [{ bytes: Float32Array.of(-2.5, -3).buffer }, { bytes: y.buffer }],
      [1, 1, 1],
    );
    expect(Array.from(y)).toEqual([2.5, 1, Number.NEGATIVE_INFINITY]);
  });

  test("threads of a workgroup pass values on at a barrier, those of a quad in a broadcast", () => {
    const code = `enable subgroups;
${HEAD}var<workgroup> parts: array<f32, 4>;
${main(`  let own = x[thread];
  let third = quadBroadcast(own, 2u);
  parts[local] = own;
  workgroupBarrier();
  y[thread] = parts[3 - i32(local)] * 10.0 + third;`)}`;
    expect(run(code, [1, 2, 3, 4, 5, 6, 7, 8], 8)).toEqual([43, 33, 23, 13, 87, 77, 67, 57]);
  });

  test("every number survives as f16, and those between go to the nearest, ties to even", () => {
    expect([0, -0, 1, 65504, 2 ** -24, 2 ** -25, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 65520].map(toHalf)).toEqual([
      0, 0x8000, 0x3c00, 0x7bff, 1, 0, 0x3c00, 0x3c02, 0x7c00,
    ]);
  });
});

describe("what it finds", () => {
  test("what one thread reads and another writes has no value, in one order of threads or the other", () => {
    const code = `${HEAD}${main("  y[thread] = x[thread];\n  y[thread] = y[0] + y[thread];")}`;
    expect(run(code, [1, 2, 3, 4], 4)).toEqual([2, NaN, NaN, NaN]);
    const next = `${HEAD}${main("  let before = y[min(thread + 1, 3)];\n  y[thread] = before + x[thread];")}`;
    expect(run(next, [1, 2, 3, 4], 4)).toEqual([1, 2, 3, 4]);
    expect(run(next, [1, 2, 3, 4], 4, true)).toEqual([NaN, NaN, NaN, 4]);
  });

  test("workgroup memory without a barrier, and that nobody wrote", () => {
    const shared = `${HEAD}var<workgroup> parts: array<f32, 4>;\n`;
    const racing = `${shared}${main("  parts[local] = x[thread];\n  y[thread] = parts[0];")}`;
    expect(() => run(racing, [1, 2, 3, 4], 4)).not.toThrow();
    expect(run(racing, [1, 2, 3, 4], 4)).toEqual([1, NaN, NaN, NaN]);
    expect(run(`${shared}${main("  y[thread] = parts[local];")}`, [1], 4)).toEqual([NaN, NaN, NaN, NaN]);
  });

  test.each([
    [
      "two threads that write one element",
      "  y[0] = x[thread];",
      "y: thread 1 and another one write element 0",
    ],
    ["a write outside of the buffer", "  y[thread + 2] = x[0];", "y: thread 2 writes element 4 of 4"],
    [
      "threads that part at a barrier",
      "  if (local < 2u) { workgroupBarrier(); }\n  y[thread] = 1.0;",
      "threads of a workgroup part at a barrier",
    ],
    [
      "threads of a quad that part at a broadcast",
      "  if (local < 2u) { y[thread] = quadBroadcast(x[thread], 0u); }",
      "threads of a quad part at a broadcast",
    ],
    ["what Weft does not write", "  y[0] = sin(x[0]);", "WGSL: sin is not known here"],
    ["a name that is not declared", "  y[0] = z;", "WGSL: z is not declared"],
  ])("%s", (_, body, message) => {
    expect(() => run(`${HEAD}${main(body)}`, [1, 2, 3, 4], 4)).toThrow(new Error(message));
  });
});

describe("as a device", () => {
  test("a buffer that a dispatch reads and writes, one that was destroyed, and one that nobody filled", async () => {
    const { program } = compile(lenet.graph);
    const last = program.dispatches.at(-1);
    if (!last) throw new Error("no dispatch");
    const overlapping = {
      ...program,
      dispatches: [
        ...program.dispatches.slice(0, -1),
        { ...last, buffers: last.buffers.map(() => last.buffers.at(-1) ?? 0) },
      ],
    };
    const { inputs, params } = dataFor(lenet.graph, 1, 1);
    await expect(runProgramOn(interpreter(), overlapping, params, [inputs])).rejects.toThrow(
      "is written by a dispatch that binds it",
    );
    const skipped = { ...program, dispatches: program.dispatches.slice(1) };
    const [result] = await runProgramOn(interpreter(), skipped, params, [inputs]);
    expect(
      Object.values(result ?? {})
        .flatMap((t) => Array.from(t.data))
        .every(Number.isNaN),
    ).toBe(true);
  });

  test("equals this machine's adapter on random models, for every target that it can run", async () => {
    const real = await device();
    let compared = 0;
    for (const spec of fc.sample(models(), { seed: 7, numRuns: 24 })) {
      const graph = buildModel(spec);
      const { inputs, params } = dataFor(graph, spec.batches[0] ?? 1, spec.seed);
      const { target, precision } = spec.how;
      const { program } = compile(graph, { target, precision });
      if (!(program.features ?? []).every((f) => real.features.has(f))) continue;
      const [own] = await runProgramOn(interpreter(), program, params, [inputs]);
      const [theirs] = await runProgramOn(real, program, params, [inputs]);
      for (const [name, { data }] of Object.entries(theirs ?? {})) {
        const largest = Math.max(...Array.from(data, Math.abs));
        data.forEach((v: number, i: number) => {
          const got = own?.[name]?.data[i] ?? Number.NaN;
          if (!(Math.abs(got - v) <= 1e-3 * largest || Number.isNaN(v)))
            expect.fail(`${name}[${i}] is ${got} here and ${v} there\n${printModel(spec)}`);
        });
      }
      compared++;
    }
    expect(compared).toBeGreaterThan(15);
  });
});
