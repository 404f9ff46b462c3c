/** What bundles hold of programs for WebAssembly. */
import { expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { bundleProgram } from "../../compiler/emit/bundle.ts";
import { packProgram, packPrograms } from "../../compiler/emit/pack.ts";
import { withoutText } from "../../compiler/emit/packWasm.ts";
import { pageTraining } from "../../compiler/emit/training.ts";
import { sgd } from "../../compiler/train/index.ts";
import type { Program } from "../../contract/program.ts";
import lenet from "../../models/lenet.ts";

// as: evaluated from what the compiler packed.
const unpacked = (expression: string): unknown => new Function(`return ${expression}`)();

const { program } = compile(lenet.graph, { wasm: true });
const wasm = program.wasm as Program; // asked for

test("a program for WebAssembly comes back whole, but for its text", () => {
  expect(unpacked(packProgram(wasm))).toEqual(withoutText(wasm));
  expect(wasm.kernels.every((k) => k.wgsl.length > 0)).toBe(true);
});

test("beside a program for WebGPU", () => {
  const both = unpacked(packProgram(program)) as Program;
  expect(both.wasm).toEqual(withoutText(wasm));
  expect(both.kernels.length).toBe(program.kernels.length);
  expect(both.kernels.every((k) => k.wgsl.includes("fn main"))).toBe(true);
});

test("a training's two programs share a module, which is there once", () => {
  const training = pageTraining(lenet.graph, { optimizer: sgd({ lr: 0.1 }), target: "wasm" });
  const { step, evaluate } = training;
  expect(evaluate.module).toEqual(step.module);
  expect(evaluate.dispatches.length).toBeLessThan(step.dispatches.length);
  const alone = packProgram(step);
  const both = packPrograms([step, evaluate]);
  expect(unpacked(both)).toEqual([step, evaluate].map(withoutText));
  expect(both.length).toBeLessThan(1.2 * alone.length);
});

test("a bundle for WebAssembly alone has no WGSL, and one for WebGPU alone nothing of WebAssembly", async () => {
  const [alone, webgpu] = await Promise.all(
    [wasm, compile(lenet.graph).program].map((p) => bundleProgram(p)),
  );
  expect(alone).not.toContain("workgroup_size");
  expect(webgpu).not.toContain("WebAssembly");
});
