/** `weft run`: the compiled model on files: pictures, IDX, .npy, .json. */
import { Command, Option } from "commander";
import type { RunOptions } from "../actions/run.ts";
import { adapterOption, examples, wholeNumber, withCommon } from "../common.ts";
import { noTuneOption, precisionOption } from "../tuning/flag.ts";

export function runCommand(): Command {
  const command = new Command("run")
    .description(
      "Run a model on pictures or arrays, on the GPU or on the software adapter that comes with npm.",
    )
    .argument("<model>", "a model file, such as models/lenet.ts")
    .option(
      "-i, --input <files...>",
      "pictures, IDX (.gz too), .npy or .json; name=FILE where there are several inputs",
    )
    .option("--index <positions>", "which examples of an IDX, .npy or .json file: 3, 0:16, 1,5,9:12")
    .option("--invert", "pictures: 1 − brightness, for dark things on a bright ground")
    .option("-w, --weights <file>", "a safetensors file; without it the parameters are random")
    .option("--seed <n>", "the seed of random parameters", wholeNumber(0), 0)
    .option(
      "-c, --classes <names>",
      "names that make an output [N, k] scores: fashion-mnist, mnist, a list with commas, or a file with a name per line",
    )
    .option(
      "--labels <file>",
      "an IDX file of the right classes: marks the answers of the first scores and counts the right ones",
    )
    .addOption(adapterOption())
    .addOption(precisionOption())
    .addOption(noTuneOption())
    .option(
      "--top <n>",
      "how many classes to print for an example; 3 beside a picture and in JSON, else 1",
      wholeNumber(1),
    )
    .option("--check-finite", "run kernel by kernel first, and name the first layer with NaN or infinity")
    .addOption(new Option("--no-pictures", "do not draw the pictures"));
  return withCommon(command, ["text", "json"])
    .addHelpText(
      "after",
      `
An output [N, k] is shown as scores over k classes if softmax or logSoftmax
makes it, if the model says so (model("…", …, …, { classes: 10 })), or if the
classes are named: by --classes, --labels or the weights' file, into which
weft train writes them. Any other output is shown as numbers.
${examples([
  [
    "weft run models/lenet.ts -w models/lenet.fashion-mnist.safetensors -c fashion-mnist -i models/samples/*.png",
    "what is on these pictures?",
  ],
  [
    "weft run models/lenet.ts -i t10k-images-idx3-ubyte.gz --index 0:16 --labels t10k-labels-idx1-ubyte.gz",
    "sixteen examples of a data set, and how many were right",
  ],
  ["weft run models/lenet.ts -i digits.npy --format json", "{adapter, outputs: {logits: [[…]]}}"],
  ["weft run model.ts -i left=a.json right=b.json", "a model with two inputs"],
])}`,
    )
    .action(async (model: string, options: RunOptions) =>
      (await import("../actions/run.ts")).run(model, options),
    );
}
