/** What `weft compile` does. */
import type { Compilation } from "../../compiler/compile.ts";
import { printJson, type Stage, uiOf } from "../common.ts";
import { build, type CompileOptions, checkFlags } from "../compile/build.ts";
import { compileJson, compileText, writtenText } from "../output/compiled.ts";
import { stageText } from "../output/stages.ts";
import type { Ui } from "../ui.ts";

export async function compileModel(file: string, options: CompileOptions): Promise<void> {
  const ui = uiOf(options);
  checkFlags(options);
  const { compilation, training, emitted, shown } = await build(file, options, ui);
  const { batch, format } = options;
  if (options.show) show(options.show, shown(), format, ui);
  else if (format === "json") printJson(ui, compileJson({ compilation, training, batch, emitted }));
  else if (options.golden === undefined || emitted) ui.out(compileText({ compilation, training, batch }, ui));
  if (emitted && format === "text" && !options.show) ui.out(writtenText(emitted, ui));
}

export function show(stage: Stage, compilation: Compilation, format: string, ui: Ui): void {
  const text = stageText(stage, compilation, { width: ui.width, color: ui.colors.isColorSupported });
  if (format !== "json") ui.out(text);
  else if (stage === "plan" || stage === "wgsl") printJson(ui, compilation.program);
  else printJson(ui, { model: compilation.program.name, stage, lines: text.split("\n") });
}
