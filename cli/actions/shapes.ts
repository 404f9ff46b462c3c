/** What `weft shapes` does. */
import { compile } from "../../compiler/compile.ts";
import { UserError } from "../../compiler/errors.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { lectureText, shapeJson, shapeMarkdown, shapeText } from "../../compiler/report/render.ts";
import { type ShapeOptions, shapeTable } from "../../compiler/report/shapes.ts";
import { type CommonOptions, printJson, uiOf } from "../common.ts";
import { shownPath } from "../files.ts";
import { noteRemarks } from "../output/remarks.ts";
import type { Ui } from "../ui.ts";

export interface ShapesOptions extends CommonOptions {
  readonly batch?: number;
  readonly lecture?: boolean;
}

export async function shapes(model: string, options: ShapesOptions): Promise<void> {
  const ui = uiOf(options);
  const { graph, sources } = await loadModel(model);
  ui.detail(`read ${[...sources.keys()].map(shownPath).join(", ")}`);
  if (options.lecture) {
    ui.out(lectureText(graph, options.batch).trimEnd());
    return;
  }
  const batch = options.batch === undefined ? {} : { batch: options.batch };
  const table = shapeTable(graph, { ...batch, ...compiled(graph, ui) });
  noteRemarks(table.remarks, ui);
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
