/** The text of an imported model, loaded as the model file that it is. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { loadModel } from "../../compiler/frontend/index.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import type { Imported } from "../../compiler/onnx/index.ts";

/** What a graph is but for places: operations by name, their options, types and operands. */
const outline = (graph: Graph): unknown =>
  graph.nodes.map((n) => ({
    name: n.origin.name,
    type: n.type,
    ...(n.kind === "op" ? { op: n.op.name, attrs: n.attrs, inputs: n.inputs.map((i) => i.origin.name) } : {}),
  }));

/** The text makes the very graph that the import gives, and the weights are those of its parameters, by their names. */
export async function expectSameAgain({ source, model, weights }: Imported): Promise<void> {
  const path = join(mkdtempSync(join(tmpdir(), "weft-onnx-")), "model.ts");
  writeFileSync(path, source);
  const { graph } = await loadModel(path);
  expect(outline(graph)).toEqual(outline(model.graph));
  const names = graph.nodes.flatMap((n) =>
    n.kind === "param" && n.init.kind !== "data" ? [n.origin.name] : [],
  );
  expect(Object.keys(weights).toSorted()).toEqual(names.toSorted());
}

/** The names of the functions that a text declares. */
export const functionsIn = (source: string): readonly string[] =>
  Array.from(source.matchAll(/^function (\w+)/gm), ([, name = ""]) => name);
