/**
 * Every element of a result is written by one thread alone. Where two write the same value nobody sees it, until a result
 * overwrites what it is computed from: then the second one starts from the first one's. The interpreter sees both.
 */
import { describe, expect, test } from "vitest";
import { conv2d, input, linear, matmul, model, N, relu } from "weftgpu";
import { compile } from "../../compiler/compile.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { gpu, octets, portable, quads, type Target } from "../../compiler/strategies/target.ts";
import { dataFor } from "../fuzz/data.ts";
import { runProgramOn } from "../oracle/weft.ts";
import { interpreter } from "./device.ts";

const convolution = (): Graph => {
  const x = input("x", [N, 3, 11, 13]);
  return model("convolution", { x }, { y: relu(conv2d(x, { out: 7, kernel: 3, padding: 1 })) }).graph;
};
const product = (rows: number, inner: number, columns: number) => (): Graph => {
  const [a, b] = [input("a", [rows, inner]), input("b", [inner, columns])];
  return model("product", { a, b }, { y: matmul(a, b) }).graph;
};
const dense = (): Graph => {
  const x = input("x", [N, 67]);
  return model("dense", { x }, { y: linear(x, { out: 13 }) }).graph;
};

const cases: Readonly<Record<string, readonly [() => Graph, Target]>> = {
  "tiles that were moved back, and examples beyond the batch": [convolution, portable],
  "tiles in loops, and quads that are filled up": [convolution, octets],
  "quads that are filled up": [product(37, 19, 29), quads],
  "blocks of threads with places to spare": [product(67, 64, 92), gpu],
  "teams that share a sum": [dense, { ...gpu, batch: 1 }],
};

describe("no element is written twice", () => {
  test.each(Object.entries(cases))("%s", async (_, [make, target]) => {
    const graph = make();
    const { program } = compile(graph, { target });
    const { inputs, params } = dataFor(graph, 5, 3, 1);
    const [result] = await runProgramOn(interpreter(), program, params, [inputs]);
    expect(result?.["y"]?.data.every(Number.isFinite)).toBe(true);
  });
});
