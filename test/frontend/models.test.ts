/** Every model in models/ loads, compiles and is described in 80 columns; the lecture's models without a cut. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { fusionReport } from "../../compiler/report/fusion.ts";
import { graphText } from "../../compiler/report/graph.ts";
import { kernelText, planText } from "../../compiler/report/kernels.ts";
import { textWidth } from "../../compiler/report/layout.ts";
import { shapeText } from "../../compiler/report/render.ts";
import { shapeTable } from "../../compiler/report/shapes.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const files = ["models", "models/lecture"].flatMap((folder) =>
  readdirSync(`${root}${folder}`)
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${folder}/${name}`),
);

describe.each(files)("%s", (path) => {
  it("loads, compiles and fits a terminal of 80 columns", async () => {
    const { graph } = await loadModel(path, { cwd: root });
    const names = graph.nodes.map((n) => n.origin.name);
    expect(new Set(names).size).toBe(names.length);
    for (const node of graph.nodes) expect(node.origin.at?.file).toBe(path);
    const compilation = compile(graph);
    const table = shapeTable(graph, { program: compilation.program, rewrites: compilation.rewrites });
    for (const layer of table.layers) expect(layer.kernel, layer.name).not.toBeNull();
    const texts = [
      shapeText(table),
      kernelText(compilation.program),
      planText(compilation.program),
      fusionReport(compilation),
    ];
    for (const line of texts.join("\n").split("\n")) expect(textWidth(line), line).toBeLessThanOrEqual(80);
    if (/\/(lecture\/|lenet)/.test(path)) expect(shapeText(table)).not.toContain("…");
    const text = graphText(graph);
    for (const name of names) expect(text).toContain(name);
  });
});
