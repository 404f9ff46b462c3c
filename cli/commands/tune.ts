/** `weft tune`: measures schedules on this machine's adapter and keeps the fastest beside the model. */
import { Command } from "commander";
import type { TuneOptions } from "../actions/tune.ts";
import { adapterOption, examples, wholeNumber, withCommon } from "../common.ts";
import { EXIT_INTERRUPTED, EXIT_TERMINATED } from "../failure.ts";
import { optimizerOptions } from "../training/flags.ts";
import { dataOptions } from "./train.ts";

/** @param outcome gets code 130 or 143 where tuning was interrupted */
export function tuneCommand(outcome: { code: number }): Command {
  const command = new Command("tune")
    .description(
      "Measure other tilings of a model's kernels on this adapter, and write the fastest to a file beside the model, which weft run, eval, train, profile and compile then use.",
    )
    .argument("<model>", "a model file, such as models/lenet.ts")
    .option(
      "-b, --batch <n>",
      "the number of examples of a run, or of a step; default 1, with --train 256",
      wholeNumber(1),
    )
    .option("--budget <seconds>", "how long to measure, about; default 60, with --train 180", wholeNumber(1))
    .option("-o, --out <file>", "where the winners go; default: model.tune.json beside model.ts")
    .option("-w, --weights <file>", "a safetensors file; without it the parameters are random")
    .option("--seed <n>", "the seed of random parameters", wholeNumber(0), 0)
    .option("--wall", "use the wall clock even where the adapter has a clock of its own")
    .addOption(adapterOption())
    .option(
      "-t, --train",
      "measure the training step (forward, backward and update), which weft train then uses",
    );
  dataOptions(command);
  optimizerOptions(command);
  return withCommon(command, ["text", "json"])
    .addHelpText(
      "after",
      examples([
        ["weft tune models/lenet.ts", "for pictures one by one: writes models/lenet.tune.json"],
        ["weft tune models/lenet.ts --batch 256 --budget 120", "for batches, with two minutes of measuring"],
        [
          "weft tune models/lenet.ts --train",
          "for weft train with batches of 256; into the same file, beside what was there",
        ],
        [
          "weft tune models/lenet.ts --train --optimizer adam --batch 64 --data fashion-mnist",
          "flags as weft train has them: an optimiser has kernels of its own",
        ],
        ["weft profile models/lenet.ts", "as tuned; --no-tune for the compiler's own choice"],
        [
          "weft compile models/lenet.ts --variants tuned,quads --out dist/lenet",
          "a bundle that takes it where the adapter is the same, and other kernels elsewhere",
        ],
      ]),
    )
    .action(async (model: string, options: TuneOptions) => {
      const signal = await (await import("../actions/tune.ts")).tune(model, options);
      if (signal) outcome.code = signal === "SIGINT" ? EXIT_INTERRUPTED : EXIT_TERMINATED;
    });
}
