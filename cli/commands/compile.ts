/** `weft compile`: the model as fused kernels, for inference and for training, written to a folder, shown stage by stage, or held against golden files. */
import { Command, Option } from "commander";
import { targets } from "../../compiler/passes/target.ts";
import { examples, STAGES, wholeNumber, withCommon } from "../common.ts";
import type { CompileOptions } from "../compile/build.ts";
import { optimizerOptions } from "../training/flags.ts";
import { precisionOption } from "../tuning/flag.ts";

/** @param outcome gets the code of the signal that ended `--watch` */
export function compileCommand(outcome: { code: number }): Command {
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
    )
    .addOption(
      new Option(
        "--target <target>",
        'what kernels may count on: "gpu" stages in workgroup memory, "octets" and "quads" need an adapter with subgroups; "weft run" and others choose by the adapter',
      )
        .choices(Object.keys(targets))
        .default("portable"),
    )
    .addOption(precisionOption())
    .option(
      "--variants <list>",
      'with --out: programs besides the portable one, of which the bundle takes what suits the device: "tuned" (what weft tune measured), "gpu" (adapters that are no CPU), "octets" and "quads" (adapters on CPUs), "f16" (adapters with shader-f16), "baked" (small --weights as numbers in the WGSL)',
    )
    .option("--weights <file>", "with --variants baked: the safetensors file whose numbers stand in the WGSL")
    .option(
      "-t, --train",
      "compile the training step too (forward, backward and update, cross-entropy); with --out, a page trains with it",
    );
  optimizerOptions(command);
  command.option(
    "-w, --watch",
    "compile again when the model or a file that it imports changes; Ctrl-C ends",
  );
  return withCommon(command, ["text", "json"])
    .addHelpText(
      "after",
      examples([
        ["weft compile models/lenet.ts", "the kernels, and why each layer was fused or not"],
        ["weft compile models/lenet.ts --out dist/lenet", "write lenet.bundle.js and what else a page needs"],
        ["weft compile models/lenet.ts --show wgsl", "read the kernels"],
        [
          "weft compile models/lenet.ts --variants tuned,quads --out dist/lenet",
          "a bundle that takes other kernels where an adapter suits them",
        ],
        [
          "weft compile models/lenet.ts --variants baked --weights lenet.safetensors --out dist/lenet",
          "and kernels with these weights as numbers, for whoever loads them",
        ],
        [
          "weft compile models/lenet.ts --train --out dist/lenet",
          "and lenet.train.bundle.js, all that a page needs to train",
        ],
        [
          "weft compile models/lenet.ts --train --optimizer adam --lr 0.001 --show plan",
          "the buffers and dispatches of a training step",
        ],
        [
          "weft compile models/lenet.ts --golden test/golden/lenet",
          "has anything changed? --update accepts it",
        ],
        [
          "weft compile models/lenet.ts --watch --out dist/lenet",
          "at every change: which kernels are others now, and the files anew",
        ],
      ]),
    )
    .action(async (model: string, options: CompileOptions) => {
      if (options.watch)
        outcome.code = await (await import("../actions/watch.ts")).watchModel(model, options);
      else await (await import("../actions/compile.ts")).compileModel(model, options);
    });
}
