/** `weft profile`: where a run spends its time, and how far each kernel is from what the adapter can do. */
import { Command } from "commander";
import type { ProfileOptions } from "../actions/profile.ts";
import { adapterOption, examples, wholeNumber, withCommon } from "../common.ts";
import { noTuneOption, precisionOption } from "../tuning/flag.ts";

export function profileCommand(): Command {
  const command = new Command("profile")
    .description(
      "Time every kernel of a model: its share, its rates, and how far it is from the adapter's measured peak.",
    )
    .argument("<model>", "a model file, such as models/lenet.ts")
    .option("-b, --batch <n>", "the number of examples of a run", wholeNumber(1), 1)
    .option("--runs <n>", "how many runs are measured", wholeNumber(1), 10)
    .option("--warmup <n>", "how many runs come before these", wholeNumber(0), 3)
    .option("--wall", "use the wall clock even where the adapter has a clock of its own")
    .option("-w, --weights <file>", "a safetensors file; without it the parameters are random")
    .option("--seed <n>", "the seed of random parameters", wholeNumber(0), 0)
    .addOption(adapterOption())
    .addOption(precisionOption())
    .addOption(noTuneOption())
    .option("--svg <file>", "draw the times: a flame-style picture")
    .option("--trace <file>", "write trace events as JSON, for Perfetto or chrome://tracing");
  return withCommon(command, ["text", "json"])
    .addHelpText(
      "after",
      examples([
        ["weft profile models/lenet.ts --batch 256", "a row for each kernel"],
        [
          "weft profile models/resnet18.ts --svg resnet18.svg --trace resnet18.json",
          "and a picture, and a file for https://ui.perfetto.dev",
        ],
        [
          "weft profile models/lenet.ts --format json | jq '.kernels[] | {kernel, milliseconds, share}'",
          "for a script",
        ],
      ]),
    )
    .action(async (model: string, options: ProfileOptions) =>
      (await import("../actions/profile.ts")).profile(model, options),
    );
}
