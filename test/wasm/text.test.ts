/** Modules taken apart: nothing is lost, and the text says what a kernel does. */
import { expect, test } from "vitest";
import {
  compile,
  compileTraining,
  dropout,
  input,
  linear,
  model,
  N,
  sgd,
  sigmoid,
} from "../../compiler/index.ts";
import { decodeModule } from "../../compiler/targets/wasm/decode.ts";
import { moduleText } from "../../compiler/targets/wasm/text.ts";
import lenet from "../../models/lenet.ts";

const x = input("x", [N, 8]);
const small = model("small", { x }, { y: sigmoid(linear(x, { out: 8 })) }).graph;

test("every function of LeNet's module is found, down to its last byte", () => {
  const { module, kernels } = compile(lenet.graph, { target: "wasm" }).program;
  const bytes = Buffer.from(module?.code ?? "", "base64");
  const functions = decodeModule(bytes);
  expect(functions.length).toBe(kernels.length);
  const code = functions.reduce((sum, f) => sum + f.bytes, 0);
  expect(bytes[bytes.length - code - 1]).toBe(kernels.length); // how many there are stands before the first
  for (const { instructions } of functions) expect(instructions.at(-1)?.name).toBe("end");
});

test("a kernel's text has its bindings' names, its loop and what it computes", () => {
  const text = moduleText(compile(small, { target: "wasm" }).program) ?? "";
  expect(text.split("\n")[0]).toMatch(/^\d+ bytes, 1 function, \d+ bytes around the memory$/);
  expect(text).toMatch(
    /^0\. linear1_sigmoid1\(first, last, batch, x, linear1_weight, linear1_bias, sigmoid1\): \d+ bytes, \d+ locals$/m,
  );
  expect(text).toMatch(/^ {2}block\n {4}loop\n {6}br_if 1 i32\.ge_s\(first, last\)$/m);
  expect(text).toMatch(/^ +(l\d+) = f32x4\.add\(f32x4\.mul\(l\d+, l\d+\), \1\)$/m);
  expect(text).toMatch(/^ +br_if 0 i32\.lt_s\(\((l\d+) = i32\.add\(\1, 1\)\), 8\)$/m);
  expect(text).toMatch(/f32x4\.splat\(1\.4426950216293335\)/);
});

test("a function that kernels call is told, and where they call it", () => {
  const dropped = model("dropped", { x }, { y: linear(dropout(x, { p: 0.5 }), { out: 3 }) }).graph;
  const { step } = compileTraining(dropped, { optimizer: sgd({ lr: 0.1 }), target: "wasm" });
  const text = moduleText(step) ?? "";
  const number = step.kernels.length;
  expect(text).toMatch(
    new RegExp(`^${number}\\. function\\(x0, x1, x2, x3\\): \\d+ bytes, \\d+ locals?$`, "m"),
  );
  expect(text).toContain(`call ${number}(`);
});

test("a program for WebGPU has no such text", () => {
  expect(moduleText(compile(small).program)).toBeUndefined();
});
