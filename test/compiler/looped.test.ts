/** Register tiles that are stored in loops: where, and that they are the same numbers. */
import { afterAll, expect, test } from "vitest";
import {
  add,
  avgPool2d,
  batchNorm2d,
  conv2d,
  flatten,
  input,
  linear,
  maxPool2d,
  model,
  N,
  relu,
  sigmoid,
} from "weftgpu";
import { compile } from "../../compiler/compile.ts";
import { nameOf } from "../../compiler/ir/region.ts";
import { printSchedule } from "../../compiler/strategies/index.ts";
import { dataFor } from "../fuzz/data.ts";
import { closeDevice, runWeft } from "../oracle/weft.ts";

afterAll(closeDevice);

/** Residuals, pooling windows in registers, a short sum, sizes that a tile does not divide. */
function block() {
  const x = input("x", [N, 8, 14, 14]);
  const sum = relu(add(batchNorm2d(conv2d(x, { out: 8, kernel: 3, padding: 1 })), x));
  const pooled = avgPool2d(sigmoid(conv2d(sum, { out: 12, kernel: 5, padding: 2 })), { kernel: 2 });
  const nine = relu(conv2d(pooled, { out: 9, kernel: 1 }));
  const each = batchNorm2d(conv2d(nine, { out: 9, kernel: 3, groups: 9, padding: 1, bias: false }));
  const last = maxPool2d(relu(conv2d(each, { out: 32, kernel: 3, padding: 1 })), { kernel: 2 });
  return model("block", { x }, { sum, each, scores: linear(flatten(last), { out: 30 }) }).graph;
}

test("long sums of llvmpipe's target are stored in loops, short ones and other targets' written out", () => {
  const looped = (target: "portable" | "octets" | "quads") =>
    compile(block(), { target }).steps.flatMap((s) =>
      printSchedule(s.kernel, s.schedule).includes("looped stores") ? [nameOf(s.region)] : [],
    );
  expect(looped("octets")).toEqual(["relu1", "avgPool2d1", "maxPool2d1", "linear1"]);
  expect([...looped("portable"), ...looped("quads")]).toEqual([]);
});

test.each([1, 3])("they are the same numbers, batch %i", async (batch) => {
  const graph = block();
  const { inputs, params } = dataFor(graph, batch, 1, 1);
  const portable = await runWeft(graph, inputs, params);
  const octets = await runWeft(graph, inputs, params, { target: "octets" });
  for (const name of ["sum", "each", "scores"]) {
    const [a, b] = [portable[name]?.data ?? [], octets[name]?.data ?? []];
    expect(a.length).toBeGreaterThan(0);
    for (const [i, value] of Array.from(a).entries()) expect(b[i]).toBeCloseTo(value, 4);
  }
});
