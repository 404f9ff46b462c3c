/** `weft tune`: measures schedules on this machine's adapter and keeps the fastest beside the model. */
import { Command } from "commander";
import type { TuneOptions } from "../actions/tune.ts";
import { adapterOption, examples, wholeNumber, withCommon } from "../common.ts";

export function tuneCommand(): Command {
  const command = new Command("tune")
    .description(
      "Measure other tilings of a model's kernels on this adapter, and write the fastest to a file beside the model, which weft run, eval, train, profile and compile then use.",
    )
    .argument("<model>", "a model file, such as models/lenet.ts")
    .option("-b, --batch <n>", "the number of examples of a run", wholeNumber(1), 1)
    .option("--budget <seconds>", "how long to measure, about", wholeNumber(1), 60)
    .option("-o, --out <file>", "where the winners go; default: model.tune.json beside model.ts")
    .option("-w, --weights <file>", "a safetensors file; without it the parameters are random")
    .option("--seed <n>", "the seed of random parameters", wholeNumber(0), 0)
    .option("--wall", "use the wall clock even where the adapter has a clock of its own")
    .addOption(adapterOption());
  return withCommon(command, ["text", "json"])
    .addHelpText(
      "after",
      examples([
        ["weft tune models/lenet.ts", "for pictures one by one: writes models/lenet.tune.json"],
        ["weft tune models/lenet.ts --batch 256 --budget 120", "for batches, with two minutes of measuring"],
        ["weft profile models/lenet.ts", "as tuned; --no-tune for the compiler's own choice"],
        [
          "weft compile models/lenet.ts --variants tuned,quads --out dist/lenet",
          "a bundle that takes it where the adapter is the same, and other kernels elsewhere",
        ],
      ]),
    )
    .action(async (model: string, options: TuneOptions) =>
      (await import("../actions/tune.ts")).tune(model, options),
    );
}
