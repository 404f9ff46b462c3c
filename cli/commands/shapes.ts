/** `weft shapes`: what every layer's output is, why, and what it costs. */
import { Command } from "commander";
import { compile } from "../../compiler/compile.ts";
import { UserError } from "../../compiler/errors.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { lectureText, shapeJson, shapeMarkdown, shapeText } from "../../compiler/report/render.ts";
import { type ShapeOptions, shapeTable } from "../../compiler/report/shapes.ts";
import { type CommonOptions, examples, printJson, uiOf, wholeNumber, withCommon } from "../common.ts";
import type { Ui } from "../ui.ts";

interface ShapesOptions extends CommonOptions {
  readonly batch?: number;
  readonly lecture?: boolean;
}

export function shapesCommand(): Command {
  const command = new Command("shapes")
    .description(
      "Print a table of the model's layers: shapes with their formulas, parameters, cost, kernels.",
    )
    .argument("<model>", "a model file, such as models/lenet.ts")
    .option("-b, --batch <n>", "put a number in for the batch size N", wholeNumber(1))
    .option("--lecture", "print the lecture's lines alone: Conv2d output shape: [1, 6, 28, 28]");
  return withCommon(command, ["table", "markdown", "json"])
    .addHelpText(
      "after",
      examples([
        ["weft shapes models/lenet.ts", "the table, fitted to the terminal"],
        ["weft shapes models/lenet.ts --batch 64", "the same for 64 pictures: bytes and multiply-adds too"],
        ["weft shapes models/lenet.ts --lecture", "twelve lines to hold against the lecture"],
        ["weft shapes models/lenet.ts --format json | jq .totals", "for a script"],
      ]),
    )
    .action(shapes);
}

async function shapes(model: string, options: ShapesOptions): Promise<void> {
  const ui = uiOf(options);
  const { graph } = await loadModel(model);
  if (options.lecture) {
    ui.out(lectureText(graph, options.batch).trimEnd());
    return;
  }
  const batch = options.batch === undefined ? {} : { batch: options.batch };
  const table = shapeTable(graph, { ...batch, ...compiled(graph, ui) });
  if (options.format === "json") printJson(ui, shapeJson(table));
  else if (options.format === "markdown") ui.out(shapeMarkdown(table).trimEnd());
  else ui.out(shapeText(table, { width: ui.width, color: ui.colors.isColorSupported }).trimEnd());
}

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
