/** What `weft compile` does. */
import { type Compilation, compile } from "../../compiler/compile.ts";
import { UserError } from "../../compiler/errors.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { type CommonOptions, printJson, type Stage, uiOf } from "../common.ts";
import { compileJson, compileText, writtenText } from "../output/compiled.ts";
import { stageText } from "../output/stages.ts";
import type { Ui } from "../ui.ts";

export interface CompileOptions extends CommonOptions {
  readonly out?: string;
  readonly golden?: string;
  readonly update?: boolean;
  readonly show?: Stage;
  readonly batch?: number;
}

export async function compileModel(file: string, options: CompileOptions): Promise<void> {
  const ui = uiOf(options);
  if (options.update && options.golden === undefined)
    throw new UserError({ problem: "--update goes with --golden", fix: "add --golden DIR" });
  const { graph } = await loadModel(file);
  const compilation = compile(graph, options.batch === undefined ? {} : { batch: options.batch });
  if (options.golden !== undefined)
    await golden(compilation, options.golden, options.update === true, file, ui);
  const emitted =
    options.out === undefined
      ? undefined
      : await (await import("../../compiler/emit/index.ts")).emit(compilation, options.out);
  if (options.show) show(options.show, compilation, options.format, ui);
  else if (options.format === "json") printJson(ui, compileJson(compilation, options.batch, emitted));
  else if (options.golden === undefined || emitted) ui.out(compileText(compilation, options.batch, ui));
  if (emitted && options.format === "text" && !options.show) ui.out(writtenText(emitted, ui));
}

/** @throws UserError with a diff where the output is not what the folder holds */
async function golden(
  compilation: Compilation,
  folder: string,
  update: boolean,
  file: string,
  ui: Ui,
): Promise<void> {
  const { checkGolden } = await import("../../compiler/emit/index.ts");
  const result = await checkGolden(compilation, folder, { update });
  if (!result.ok) {
    const first = result.changed.length + result.stale.length === 0 && result.report.split("\n").length === 1;
    const name = compilation.program.name;
    throw new UserError({
      problem: first
        ? result.report
        : `${name} no longer compiles to what ${folder} holds\n\n${result.report}\n`,
      fix: `weft compile ${file} --golden ${folder} --update ${first ? "writes them" : "accepts it as it is"}`,
    });
  }
  if (!result.updated) ui.note(`${folder}: nothing has changed`);
  else ui.note(`${result.report}\n${folder}: updated`);
}

function show(stage: Stage, compilation: Compilation, format: string, ui: Ui): void {
  const text = stageText(stage, compilation, { width: ui.width, color: ui.colors.isColorSupported });
  if (format !== "json") ui.out(text);
  else if (stage === "plan" || stage === "wgsl") printJson(ui, compilation.program);
  else printJson(ui, { model: compilation.program.name, stage, lines: text.split("\n") });
}
