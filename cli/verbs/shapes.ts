/** `weft shapes`: what every layer's output is, why, and what it costs. */
import { compile } from "../../compiler/compile.ts";
import { UserError } from "../../compiler/errors.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { lectureText, shapeJson, shapeMarkdown, shapeText } from "../../compiler/report/render.ts";
import { type ShapeOptions, shapeTable } from "../../compiler/report/shapes.ts";
import { shownPath } from "../files.ts";
import { wholeNumber } from "../flags.ts";
import { loadModel } from "../model.ts";
import { noteRemarks } from "../output/remarks.ts";
import { printJson, type Ui } from "../ui.ts";
import { examples, type ModelVerbOptions, verb } from "../verb.ts";

interface Options extends ModelVerbOptions {
  readonly batch?: number;
  readonly lecture?: boolean;
}

export const shapes = verb({
  options: (command) =>
    command
      .option("-b, --batch <n>", "put a number in for the batch size N", wholeNumber(1))
      .option("--lecture", "print the lecture's lines alone: Conv2d output shape: [1, 6, 28, 28]"),
  help: examples([
    ["weft shapes models/lenet.ts", "the table, fitted to the terminal"],
    ["weft shapes models/lenet.ts --batch 64", "the same for 64 pictures: bytes and multiply-adds too"],
    ["weft shapes models/lenet.ts --lecture", "twelve lines to hold against the lecture"],
    ["weft shapes model.onnx", "the same of an ONNX file"],
    ["weft shapes models/lenet.ts --format json | jq .totals", "for a script"],
  ]),
  async run(model: string, { batch, lecture, format, dim }: Options, { ui }) {
    const { graph, sources } = await loadModel(model, { dims: dim });
    ui.detail(`read ${[...sources.keys()].map(shownPath).join(", ")}`);
    if (lecture) {
      ui.out(lectureText(graph, batch).trimEnd());
      return;
    }
    const table = shapeTable(graph, { ...(batch !== undefined && { batch }), ...compiled(graph, ui) });
    noteRemarks(table.remarks, ui);
    if (format === "json") printJson(ui, shapeJson(table));
    else if (format === "markdown") ui.out(shapeMarkdown(table).trimEnd());
    else ui.out(shapeText(table, { width: ui.width, color: ui.colors.isColorSupported }).trimEnd());
  },
});

/** Shapes are known even where a model cannot be compiled: the kernels are left out then, and it is said why. */
function compiled(graph: Graph, ui: Ui): Pick<ShapeOptions, "program" | "rewrites"> {
  try {
    const { program, rewrites } = compile(graph);
    return { program, rewrites };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    ui.note(`no kernels: ${error.message}`);
    return {};
  }
}
