/** Kernels made invalid on purpose: an error that names them, never a result. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import type { Program, Shader } from "../../contract/program.ts";
import lenet from "../../models/lenet.ts";
import { load } from "../../runtime/index.ts";
import { profileProgram, wallClock } from "../../runtime/node/index.ts";
import { createTrainer } from "../../runtime/train.ts";
import { usualDevice } from "../adapter.ts";
import { linearTraining } from "../train/runtime.ts";
import { failure } from "./faulty.ts";

let device: GPUDevice;
const uncaptured: string[] = [];
beforeAll(async () => {
  ({ device } = await usualDevice());
  device.onuncapturederror = ({ error }) => uncaptured.push(error.message);
});
afterAll(() => {
  expect(uncaptured).toEqual([]);
  device.destroy();
});

const { program } = compile(lenet.graph);

function spoiled(of: Program, index: number, change: (kernel: Shader) => Partial<Shader>): Program {
  return { ...of, kernels: of.kernels.map((k, i) => (i === index ? { ...k, ...change(k) } : k)) };
}

/** Each is a mistake of another kind; what the message has to say besides the kernel's name. */
const SPOILS: readonly [name: string, change: (k: Shader) => Partial<Shader>, says: RegExp][] = [
  ["a syntax error", (k) => ({ wgsl: k.wgsl.replace("let thread", "let = thread") }), /WGSL line \d+: /],
  ["an unknown name", (k) => ({ wgsl: k.wgsl.replace("return;", "return nothing;") }), /WGSL line \d+: /],
  [
    "a wrong type",
    (k) => ({ wgsl: k.wgsl.replace("let thread0 = i32(", "let thread0 = f32(") }),
    /WGSL line \d+: /,
  ],
  ["no entry point", (k) => ({ wgsl: k.wgsl.replace("fn main(", "fn other(") }), /main/],
  ["a binding that it does not have", (k) => ({ bindings: k.bindings.slice(0, -1) }), /binding/i],
  [
    "a result that may only be read",
    (k) => ({ bindings: k.bindings.map((b) => ({ ...b, access: "read" as const })) }),
    /./,
  ],
  [
    "an enormous workgroup",
    (k) => ({ wgsl: k.wgsl.replace(/@workgroup_size\(\d+\)/, "@workgroup_size(65536)") }),
    /workgroup/i,
  ],
  [
    "memory that no workgroup has",
    (k) => ({
      wgsl: k.wgsl
        .replace("@compute", "var<workgroup> much: array<f32, 1000000>;\n@compute")
        .replace("let thread", "much[0] = 1.0;\n  let thread"),
    }),
    /workgroup/i,
  ],
];

describe.each(SPOILS)("%s", (_, change, says) => {
  test.each(program.kernels.map((k, i) => [k.name, i] as const))("in %s", async (name, i) => {
    const error = await failure(load(spoiled(program, i, change), { device }));
    expect(error.code).toBe("gpu");
    expect(error.message.startsWith(`kernel "${name}" (`)).toBe(true);
    expect(error.message).toMatch(says);
  });
});

const [, broken] = SPOILS[1] ?? [];
if (!broken) throw new Error("no spoil");

test("in a training step, and in what measures", async () => {
  const training = linearTraining();
  for (const part of ["step", "evaluate"] as const) {
    const bad = { ...training, [part]: spoiled(training[part], 0, broken) };
    const error = await failure(createTrainer(bad, { device }));
    expect(error.message).toMatch(new RegExp(`^kernel "${training[part].kernels[0]?.name}" \\(`));
  }
});

test("in a profile", async () => {
  const bad = spoiled(program, 1, broken);
  const values = program.params.map(({ shape }) => new Float32Array(shape.reduce((a, d) => a * d, 1)));
  const clock = wallClock(device);
  const error = await failure(profileProgram(bad, { device, clock, values, batch: 1, warmup: 0, runs: 1 }));
  expect(error.message.startsWith(`kernel "${program.kernels[1]?.name}" (`)).toBe(true);
});
