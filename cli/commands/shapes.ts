/** `weft shapes`: what every layer's output is, why, and what it costs. */
import { Command } from "commander";
import type { ShapesOptions } from "../actions/shapes.ts";
import { examples, wholeNumber, withCommon } from "../common.ts";

export function shapesCommand(): Command {
  const command = new Command("shapes")
    .description(
      "Print a table of the model's layers: shapes with their formulas, parameters, cost, kernels.",
    )
    .argument("<model>", "a model file, such as models/lenet.ts")
    .option("-b, --batch <n>", "put a number in for the batch size N", wholeNumber(1))
    .option("--lecture", "print the lecture's lines alone: Conv2d output shape: [1, 6, 28, 28]");
  return withCommon(command, ["table", "markdown", "json"])
    .addHelpText(
      "after",
      examples([
        ["weft shapes models/lenet.ts", "the table, fitted to the terminal"],
        ["weft shapes models/lenet.ts --batch 64", "the same for 64 pictures: bytes and multiply-adds too"],
        ["weft shapes models/lenet.ts --lecture", "twelve lines to hold against the lecture"],
        ["weft shapes models/lenet.ts --format json | jq .totals", "for a script"],
      ]),
    )
    .action(async (model: string, options: ShapesOptions) =>
      (await import("../actions/shapes.ts")).shapes(model, options),
    );
}
