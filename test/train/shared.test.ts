/**
 * Who reads a parameter before it is overwritten: parameters that are multiplied with each other, used twice, or read by
 * kernels that update others. Against float64, as all optimisers step them.
 */
import { afterAll, describe, expect, test } from "vitest";
import { adam, compile, compileTraining, defineOp, type Optimizer, sgd, type Tensor } from "weftgpu";
import type { NdArray } from "../oracle/array.ts";
import { build } from "../oracle/array.ts";
import type { Op } from "../oracle/op.ts";
import { closeDevice } from "../oracle/weft.ts";
import { expectSteps } from "./follow.ts";
import { input, lang, param } from "./language.ts";
import { graphOf } from "./stepReference.ts";

afterAll(closeDevice);

const { add, concat, matmul, mul, sub, sum, tanh, transpose } = lang;

const optimizers: Readonly<Record<string, Optimizer>> = {
  sgd: sgd({ lr: 0.2 }),
  Nesterov: sgd({ lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.05 }),
  AdamW: adam({ lr: 0.05, weightDecay: 0.1 }),
};

const many = defineOp({
  name: "many",
  shape: (shapes: readonly (readonly number[])[]) => shapes[0] as readonly number[],
  value: ({ at: [n, i], inputs }) =>
    inputs.map((x) => x.at(...(x.shape.length === 2 ? [n, i] : [i])).pow(2)).reduce((a, b) => a.plus(b)),
}) as unknown as (...operands: readonly Tensor[]) => Tensor; // any number of operands
const custom = {
  many: ({ inputs: [x, ...rest] }: Op): NdArray => {
    if (!x) throw new Error("an operand is missing");
    return build(x.shape, ([n = 0, i = 0]) =>
      [x, ...rest].reduce((a, t) => a + (t.data[t.shape.length === 2 ? n * 4 + i : i] ?? 0) ** 2, 0),
    );
  },
};

const x = (): Tensor => input("x", ["N", 4]);
const models: Readonly<Record<string, () => Tensor>> = {
  "x·(A·B), as LoRA": () => matmul(x(), matmul(param("a", [4, 2]), param("b", [2, 3]))),
  "x·W + (x·A)·B": () => {
    const given = x();
    const low = matmul(given, param("a", [4, 2]));
    return add(matmul(given, param("w", [4, 3])), matmul(low, param("b", [2, 3])));
  },
  "a ⊙ b": () => mul(x(), mul(param("a", [4]), param("b", [4]))),
  "a ⊙ b ⊙ c": () => mul(x(), mul(mul(param("a", [4]), param("b", [4])), param("c", [4]))),
  "a parameter and its transpose": () => {
    const w = param("w", [4, 4]);
    return matmul(tanh(matmul(x(), w)), transpose(w));
  },
  "a product of a parameter with itself": () => {
    const w = param("w", [4, 4]);
    return matmul(x(), matmul(w, w));
  },
  "weights divided by their norm": () => {
    const w = param("w", [4, 3]);
    const norm = lang.sqrt(add(sum(mul(w, w), { axis: 0, keepDims: true }), 0.1));
    return matmul(x(), mul(lang.div(w, norm), param("g", [3])));
  },
  "the same weights twice": () => {
    const w = param("w", [4, 4]);
    return matmul(tanh(matmul(tanh(matmul(x(), w)), w)), sub(w, param("v", [4, 4])));
  },
  "a concat of nine parameters": () =>
    mul(
      matmul(x(), param("w", [4, 9])),
      concat(
        Array.from({ length: 9 }, (_, i) => param(`p${i}`, [1])),
        { axis: 0 },
      ),
    ),
  "a concat of nine values": () => {
    const given = x();
    const parts = Array.from({ length: 9 }, (_, i) => mul(given, param(`p${i}`, [4])));
    return concat(parts, { axis: 1 });
  },
  "an op of ten operands": () => many(x(), ...Array.from({ length: 9 }, (_, i) => param(`p${i}`, [4]))),
};

describe.each(Object.entries(models))("%s", (_, make) => {
  test.each(Object.entries(optimizers))("%s: four steps equal float64", async (__, optimizer) => {
    await expectSteps(graphOf(make()), "squaredError", optimizer, custom);
  });
});

test("no kernel binds more than eight buffers, in training and at inference", () => {
  for (const make of [models["a concat of nine values"], models["an op of ten operands"]]) {
    const graph = graphOf(make?.() ?? x());
    const programs = [
      compile(graph).program,
      compileTraining(graph, { loss: "squaredError", optimizer: sgd({ lr: 1 }), bytes: false }).step,
    ];
    for (const { kernels } of programs)
      expect(Math.max(...kernels.map((k) => k.bindings.length))).toBeLessThanOrEqual(8);
  }
});
