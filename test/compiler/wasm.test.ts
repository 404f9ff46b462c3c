/** A model for WebGPU and for WebAssembly at once: what is beside, and which options concern it. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { tuningKey } from "../../compiler/assemble/identity.ts";
import { compile } from "../../compiler/compile.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { compileTraining, sgd } from "../../compiler/train/index.ts";
import { readSafetensors } from "../../contract/weights.ts";

const { graph } = await loadModel("models/lenet.ts");
const optimizer = sgd({ lr: 0.1 });
const alone = compile(graph, { target: "wasm" }).program;

test("wasm: true puts the program of the target wasm beside, and changes nothing else", () => {
  const { wasm, ...program } = compile(graph, { wasm: true }).program;
  expect(program).toEqual(compile(graph).program);
  expect(wasm).toEqual(alone);
  expect(alone.module?.code).toMatch(/^AGFzb/);
});

test("what is of adapters does not concern it: target, schedules, f16", () => {
  const both = compile(graph, { wasm: true, target: "gpu", precision: "f16", tuning: { nothing: "fits" } });
  expect(both.program.features).toEqual(["shader-f16"]);
  expect(both.program.wasm).toEqual(alone);
});

test("what decides about tensors does: the batch, quantised weights", () => {
  const { program } = compile(graph, { wasm: true, batch: 2, quantise: "i8" });
  expect(program.wasm).toEqual(compile(graph, { target: "wasm", batch: 2, quantise: "i8" }).program);
  expect(program.wasm?.params.map((p) => p.storage)).toEqual(program.params.map((p) => p.storage));
});

test("measured schedules are not for the target wasm: text that fits a kernel changes nothing", () => {
  const measured = compile(graph, { target: "portable" });
  const keys = Object.fromEntries(
    measured.steps.map(({ kernel }) => [tuningKey(kernel, measured.storages), "thread per position"]),
  );
  const tuned = compile(graph, { target: "wasm", tuning: keys });
  expect(tuned.tuned.size).toBe(0);
  expect(tuned.program).toEqual(alone);
});

test.each(["portable", "octets"] as const)(
  "both have the same parameters: what WebAssembly reads in loops is not baked either, beside the target %s",
  (target) => {
    const bake = readSafetensors(readFileSync("models/lenet.fashion-mnist.safetensors"));
    const { program } = compile(graph, { wasm: true, target, bake });
    const { program: without } = compile(graph, { target, bake });
    expect(without.baked?.map((b) => b.name)).toEqual(
      target === "portable" ? ["conv1.bias", "conv1.weight"] : undefined,
    );
    expect(program.baked).toBeUndefined();
    expect(program.wasm?.baked).toBeUndefined();
    expect(program.wasm?.params.map((p) => p.name)).toEqual(program.params.map((p) => p.name));
  },
);

test("a training has the same for WebAssembly beside it", () => {
  const { wasm, ...training } = compileTraining(graph, { optimizer, wasm: true });
  expect(training).toEqual(compileTraining(graph, { optimizer }));
  expect(wasm).toEqual(compileTraining(graph, { optimizer, target: "wasm" }));
  expect(wasm?.step.params.map((p) => p.name)).toEqual(training.step.params.map((p) => p.name));
});

test.each([
  [
    () => compile(graph, { target: "wasm", precision: "f16" }),
    `compile: precision "f16" does not go with the target "wasm"
  rule: WebAssembly has no numbers of 16 bits
  try:  precision: "f32", or quantise: "i8" where weights have to be small`,
  ],
  [
    () => compile(graph, { target: "wasm", wasm: true }),
    `compile: wasm is true, and so is what the target "wasm" says
  rule: wasm puts a program for WebAssembly beside one for WebGPU
  try:  leaving one of them out: target: "wasm" is WebAssembly alone, wasm: true both`,
  ],
  [
    () => compileTraining(graph, { optimizer, target: "wasm", wasm: true }),
    `compileTraining: wasm is true, and so is what the target "wasm" says
  rule: wasm puts a program for WebAssembly beside one for WebGPU
  try:  leaving one of them out: target: "wasm" is WebAssembly alone, wasm: true both`,
  ],
])("options that do not go with it are told: %#", (make, message) => {
  expect(make).toThrow(expect.objectContaining({ message }));
});
