/** `weft compile`: the model as fused kernels, written to a folder, shown stage by stage, or held against golden files. */
import { Command, Option } from "commander";
import { type Compilation, compile } from "../../compiler/compile.ts";
import { checkGolden, emit } from "../../compiler/emit/index.ts";
import { UserError } from "../../compiler/errors.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { type CommonOptions, examples, printJson, uiOf, wholeNumber, withCommon } from "../common.ts";
import { compileJson, compileText, writtenText } from "../output/compiled.ts";
import { STAGES, type Stage, stageText } from "../output/stages.ts";
import type { Ui } from "../ui.ts";

interface CompileOptions extends CommonOptions {
  readonly out?: string;
  readonly golden?: string;
  readonly update?: boolean;
  readonly show?: Stage;
  readonly batch?: number;
}

export function compileCommand(): Command {
  const command = new Command("compile")
    .description(
      "Compile a model to WGSL: list its kernels and what was fused, and write what a web page loads.",
    )
    .argument("<model>", "a model file, such as models/lenet.ts")
    .option("-o, --out <dir>", "write *.wgsl, program.json, a typed module and a bundle to this folder")
    .addOption(
      new Option("-s, --show <stage>", "print one stage of the compiler instead").choices([...STAGES]),
    )
    .option("-g, --golden <dir>", "fail with a diff where the output is not what this folder holds")
    .addOption(new Option("-u, --update", "with --golden: accept the output as it is"))
    .option(
      "-b, --batch <n>",
      "compile for this batch size alone; without it one program serves any",
      wholeNumber(1),
    );
  return withCommon(command, ["text", "json"])
    .addHelpText(
      "after",
      examples([
        ["weft compile models/lenet.ts", "the kernels, and why each layer was fused or not"],
        ["weft compile models/lenet.ts --out dist/lenet", "write lenet.bundle.js and what else a page needs"],
        ["weft compile models/lenet.ts --show wgsl", "read the kernels"],
        [
          "weft compile models/lenet.ts --golden test/golden/lenet",
          "has anything changed? --update accepts it",
        ],
      ]),
    )
    .action(compileModel);
}

async function compileModel(file: string, options: CompileOptions): Promise<void> {
  const ui = uiOf(options);
  if (options.update && options.golden === undefined)
    throw new UserError({ problem: "--update goes with --golden", fix: "add --golden DIR" });
  const { graph } = await loadModel(file);
  const compilation = compile(graph, options.batch === undefined ? {} : { batch: options.batch });
  if (options.golden !== undefined)
    await golden(compilation, options.golden, options.update === true, file, ui);
  const emitted = options.out === undefined ? undefined : await emit(compilation, options.out);
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
