/** `weft eval`: how good a trained model is: accuracy, classes, confusion. */
import { Command, Option } from "commander";
import type { EvalOptions } from "../actions/eval.ts";
import { adapterOption, examples, withCommon } from "../common.ts";
import { noTuneOption, precisionOption } from "../tuning/flag.ts";
import { dataOptions } from "./train.ts";

export function evalCommand(): Command {
  const command = new Command("eval")
    .description("Measure a trained model: its accuracy, each class's, and what is mistaken for what.")
    .argument("<model>", "a model file, such as models/lenet.ts")
    .requiredOption("-w, --weights <file>", "a safetensors file, as weft train writes it");
  dataOptions(command)
    .addOption(
      new Option("--split <part>", "which part of the data").choices(["test", "train"]).default("test"),
    )
    .option("--plot <file>", "draw the confusion matrix: .svg or .png")
    .addOption(adapterOption())
    .addOption(precisionOption())
    .addOption(noTuneOption());
  return withCommon(command, ["text", "json"])
    .addHelpText(
      "after",
      examples([
        [
          "weft eval models/lenet.ts --weights lenet.safetensors --data fashion-mnist",
          "accuracy, a table of the classes and the confusion matrix",
        ],
        [
          "weft eval models/lenet.ts -w lenet.safetensors -d mnist --plot confusion.svg",
          "and the matrix as a picture",
        ],
        [
          "weft eval models/lenet.ts -w lenet.safetensors -d fashion-mnist --format json | jq .accuracy",
          "for a script",
        ],
      ]),
    )
    .action(async (model: string, options: EvalOptions) =>
      (await import("../actions/eval.ts")).evaluate(model, options),
    );
}
