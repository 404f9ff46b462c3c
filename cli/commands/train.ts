/** `weft train`: a model learns a data set; forward, backward and update are WGSL. */
import { Command, Option } from "commander";
import type { TrainOptions } from "../actions/train.ts";
import { adapterOption, examples, wholeNumber, withCommon } from "../common.ts";
import { EXIT_INTERRUPTED } from "../failure.ts";
import { optimizerOptions } from "../training/flags.ts";
import { noTuneOption } from "../tuning/flag.ts";

/** `--data`, `--data-dir`, `--limit`: what `train` and `eval` share. */
export function dataOptions(command: Command): Command {
  return command
    .option(
      "-d, --data <set>",
      "synthetic (drawn by weft, the default), fashion-mnist, mnist, or a folder of pictures by class",
    )
    .option("--data-dir <dir>", "where the files of fashion-mnist or mnist are (WEFT_DATA sets it too)")
    .option("--limit <n>", "use the first N examples alone, for a quick try", wholeNumber(1));
}

/** @param outcome gets code 130 where training was interrupted */
export function trainCommand(outcome: { code: number }): Command {
  const command = new Command("train")
    .description("Train a model on labelled pictures, on the GPU or on the software adapter.")
    .argument("<model>", "a model file, such as models/lenet.ts");
  dataOptions(command)
    .option("-e, --epochs <n>", "how often the data is gone through, in all; default 10", wholeNumber(1))
    .option("-b, --batch <n>", "examples in a step; default 256, or all if they are fewer", wholeNumber(1))
    .option("--seed <n>", "the seed of initial values and of the shuffle; default 0", wholeNumber(0));
  optimizerOptions(command)
    .addOption(
      new Option("--schedule <kind>", "how the learning rate changes; default constant").choices([
        "constant",
        "cosine",
      ]),
    )
    .option("-o, --out <file>", "where the weights go; default MODEL.safetensors")
    .option("--resume", "go on from the checkpoint beside --out, with its settings where no others are given")
    .option("--restart", "begin anew although there is an unfinished checkpoint")
    .option("--plot <file>", "draw the curves at the end: .svg or .png")
    .addOption(adapterOption())
    .addOption(noTuneOption());
  return withCommon(command, ["text", "json"])
    .addHelpText(
      "after",
      examples([
        ["weft train models/lenet.ts", "a first try on shapes that weft draws itself"],
        [
          "weft train models/lenet.ts --data fashion-mnist --epochs 10 --lr 0.9 --batch 256 --out lenet.safetensors --plot curves.svg",
          "the lecture's experiment; `weft data fashion-mnist` fetches the pictures",
        ],
        [
          "weft train models/lenet.ts --out lenet.safetensors --resume --epochs 20",
          "go on after Ctrl-C, or for more epochs",
        ],
        [
          "weft train models/lenet.ts --data photos/ --optimizer adam",
          "photos/cat/*.jpg, photos/dog/*.jpg, …: a sixth is kept for testing",
        ],
        [
          "weft train models/lenet.ts --data mnist --format json",
          "a JSON line for each epoch: loss, trainAccuracy, testAccuracy, examplesPerSecond",
        ],
      ]),
    )
    .action(async (model: string, options: TrainOptions) => {
      const { train } = await import("../actions/train.ts");
      if (!(await train(model, options))) outcome.code = EXIT_INTERRUPTED;
    });
}
