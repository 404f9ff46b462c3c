/** One program for every size: compared with the naive reference, by the target that checks every access. */
import { expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { defineOp, input, model, N } from "../../compiler/index.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { type SizeValues, shapeWith } from "../../contract/sizes.ts";
import { load } from "../../runtime/sized.ts";
import { checker } from "../check/device.ts";
import { userMeanings } from "../fuzz/userOps.ts";
import { type Arrays, random, randomArray } from "../oracle/array.ts";
import { differences, reference } from "../oracle/compare.ts";
import { kindsOfTarget, runProgramOn } from "../oracle/weft.ts";
import { models, T } from "./models.ts";

const RUNS: readonly (readonly [batch: number, sizes: SizeValues])[] = [
  [2, { T: 5, S: 9 }],
  [1, { T: 24, S: 1 }],
  [3, { T: 1, S: 4 }],
  [2, { T: 17, S: 3 }],
];

const cases = Object.keys(models).flatMap((name) =>
  kindsOfTarget.map((target) => [name as keyof typeof models, target] as const),
);

test.each(cases)("%s, compiled for %s, is the same program for every size", async (name, target) => {
  const graph = models[name]();
  const compiled = compile(graph, { target });
  const params = valuesOf(graph, "param");
  const sets = RUNS.map(([batch, sizes], i) => valuesOf(graph, "input", batch, sizes, i));
  const results = await runProgramOn(checker(compiled), compiled.program, params, sets);
  results.forEach((result, i) => {
    expect(
      differences(result, reference(graph, sets[i] ?? {}, params, { custom: userMeanings })),
    ).toBeUndefined();
  });
});

test("a place that T may not have is outside where it has not", async () => {
  const third = defineOp({
    name: "third",
    shape: ([x]) => x.slice(0, 1),
    value: ({ at: [n], inputs: [x] }) => x.atOr(9, n, 2),
  });
  const x = input("x", [N, T]);
  const compiled = compile(model("m", { x }, { y: third(x) }).graph);
  const session = await load(compiled.program, { device: checker(compiled) });
  const at = async (t: number) => {
    const data = Float32Array.from({ length: 2 * t }, (_, i) => i);
    return [...((await session.run({ x: { shape: [2, t], data } }))["y"]?.data ?? [])];
  };
  expect([await at(5), await at(2), await at(3)]).toEqual([
    [2, 7],
    [9, 9],
    [2, 5],
  ]);
  session.destroy();
});

function valuesOf(
  graph: Graph,
  kind: "param" | "input",
  batch = 1,
  sizes: SizeValues = {},
  seed = 0,
): Arrays {
  const next = random(seed + 1);
  return Object.fromEntries(
    graph.nodes
      .filter((n) => n.kind === kind)
      .map(({ origin, type }) => {
        const drawn = randomArray(shapeWith(type.shape, batch, sizes), next);
        // Places up to T's bound, whatever T is.
        const places = { ...drawn, data: drawn.data.map((v) => Math.floor((v + 1) * 12)) };
        return [origin.name, type.dtype === "f32" ? drawn : places];
      }),
  );
}
