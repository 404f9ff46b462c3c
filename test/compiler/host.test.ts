/** What the host sees comes as it expects it: row-major, whatever reads it besides and however it is stored elsewhere. */
import { afterAll, describe, expect, test } from "vitest";
import * as w from "weftgpu";
import { compile } from "../../compiler/compile.ts";
import type { CompileOptions } from "../../compiler/index.ts";
import { closeDevice, runWeft } from "../oracle/weft.ts";

afterAll(closeDevice);

/** A product that reads its weight along the first axis, as `linear` does. */
const across = w.defineOp({
  name: "across",
  shape: ([x, k]: [[w.N, number], [number, number]]) => [x[0], k[0]],
  value: ({ at: [n, o], inputs: [x, k], axis, sumOver }) => {
    const i = axis(4);
    return sumOver(i, x.at(n, i).times(k.at(o, i)));
  },
});

const K = Array.from({ length: 32 }, (_, i) => i / 8 - 1);
const X = [1, -2, 0.5, 3];
const rows = Array.from({ length: 8 }, (_, o) => X.reduce((sum, x, i) => sum + x * (K[4 * o + i] ?? 0), 0));
const given = { x: { shape: [1, 4], data: Float64Array.from(X) } };
const weights = { k: { shape: [8, 4], data: Float64Array.from(K) } };
const close = (list: readonly number[]) => list.map((v) => expect.closeTo(v, 4));

const results: Readonly<Record<string, () => Promise<void>>> = {
  "a parameter that is an output": async () => {
    const [x, k] = [w.input("x", [w.N, 4]), w.param("k", [8, 4])];
    await check(w.model("m", { x }, { y: across(x, k), k2: k }).graph, { y: rows, k2: K });
  },
  "a value computed from parameters that is an output": async () => {
    const [x, k] = [w.input("x", [w.N, 4]), w.param("k", [8, 4])];
    const twice = w.mul(k, 2);
    const graph = w.model("m", { x }, { y: across(x, twice), twice }).graph;
    await check(graph, { y: rows.map((v) => 2 * v), twice: K.map((v) => 2 * v) });
  },
  "a reshape of such a value that is an output": async () => {
    const [x, k] = [w.input("x", [w.N, 4]), w.param("k", [8, 4])];
    const twice = w.mul(k, 2);
    const graph = w.model("m", { x }, { y: across(x, twice), flat: w.reshape(twice, [32]) }).graph;
    await check(graph, { y: rows.map((v) => 2 * v), flat: K.map((v) => 2 * v) });
  },
  "a parameter's transpose, and the parameter under two names": async () => {
    const [x, k] = [w.input("x", [w.N, 4]), w.param("k", [8, 4])];
    const turned = Array.from({ length: 32 }, (_, i) => K[4 * (i % 8) + Math.floor(i / 8)] ?? 0);
    const graph = w.model("m", { x }, { y: across(x, k), t: w.transpose(k), a: k, b: k }).graph;
    await check(graph, { y: rows, t: turned, a: K, b: K });
  },
  "an input that is an output": async () => {
    const [x, k] = [w.input("x", [w.N, 4]), w.param("k", [8, 4])];
    await check(w.model("m", { x }, { y: across(x, k), x2: w.reshape(x, [w.N, 2, 2]) }).graph, {
      y: rows,
      x2: X,
    });
  },
};

async function check(
  graph: Parameters<typeof compile>[0],
  want: Readonly<Record<string, readonly number[]>>,
  options: CompileOptions = {},
): Promise<void> {
  const got = await runWeft(graph, given, weights, options);
  for (const [name, values] of Object.entries(want))
    expect([...(got[name]?.data ?? [])]).toEqual(close(values));
}

describe("the host sees", () => {
  test.each(Object.entries(results))("%s", async (_, run) => run());

  test("baked parameters that are outputs, too", async () => {
    const [x, k] = [w.input("x", [w.N, 4]), w.param("k", [8, 4])];
    const { graph } = w.model("m", { x }, { y: across(x, k), k2: k });
    await check(graph, { y: rows, k2: K }, { bake: weights });
  });

  test("no f16 where it is an output", () => {
    const [x, k] = [w.input("x", [w.N, 4]), w.param("k", [8, 4])];
    const { graph } = w.model("m", { x }, { y: across(x, k), k2: k });
    expect(compile(graph, { precision: "f16" }).program.features).toBe(undefined);
  });
});
