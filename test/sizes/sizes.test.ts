/** One program for every size: compared with the naive reference, by the target that checks every access. */
import { expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { type TargetName, targets } from "../../compiler/strategies/target.ts";
import { type SizeValues, shapeWith } from "../../contract/sizes.ts";
import { checker } from "../check/device.ts";
import { type Arrays, random, randomArray } from "../oracle/array.ts";
import { differences, reference } from "../oracle/compare.ts";
import { runProgramOn } from "../oracle/weft.ts";
import { models } from "./models.ts";

const RUNS: readonly (readonly [batch: number, sizes: SizeValues])[] = [
  [2, { T: 5, S: 9 }],
  [1, { T: 24, S: 1 }],
  [3, { T: 1, S: 4 }],
  [2, { T: 17, S: 3 }],
];

const cases = Object.keys(models).flatMap((name) =>
  Object.keys(targets).map((target) => [name as keyof typeof models, target as TargetName] as const),
);

test.each(cases)("%s, compiled for %s, is the same program for every size", async (name, target) => {
  const graph = models[name]();
  const compiled = compile(graph, { target });
  const params = valuesOf(graph, "param");
  const sets = RUNS.map(([batch, sizes], i) => valuesOf(graph, "input", batch, sizes, i));
  const results = await runProgramOn(checker(compiled), compiled.program, params, sets);
  results.forEach((result, i) => {
    expect(differences(result, reference(graph, sets[i] ?? {}, params))).toBeUndefined();
  });
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
      .map((n) => [n.origin.name, randomArray(shapeWith(n.type.shape, batch, sizes), next)]),
  );
}
