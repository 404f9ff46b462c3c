/** `weft studio`: a page that shows a model, its kernels and what they compute. */
import { Command } from "commander";
import type { StudioOptions } from "../actions/studio.ts";
import { examples, wholeNumber, withCommon } from "../common.ts";

/** @param outcome gets the code of the signal that ended the server */
export function studioCommand(outcome: { code: number }): Command {
  const command = new Command("studio")
    .description(
      "Show a model in a page: its graph, kernels and source; try it, train it. For this machine alone.",
    )
    .argument("[model]", "a model file; default: models/lenet.ts, else the package's own LeNet")
    .option("-p, --port <n>", "the port; without it 8423, or another that is free", wholeNumber(1, 65535))
    .option("-o, --open", "open the page in the browser")
    .option(
      "-w, --weights <file>",
      "trained weights; without it those beside the model, such as lenet.safetensors",
    )
    .option(
      "--build [dir]",
      "write a static folder that works without this server instead (default: weft-studio)",
    );
  return withCommon(command, ["text", "json"])
    .addHelpText(
      "after",
      examples([
        ["weft studio", "LeNet, or this project's models/lenet.ts"],
        ["weft studio models/my-net.ts --open", "a model of yours; the page follows when the file changes"],
        ["weft studio models/my-net.ts --build public/studio", "the same as a folder for any web server"],
      ]),
    )
    .action(async (model: string | undefined, options: StudioOptions) => {
      outcome.code = await (await import("../actions/studio.ts")).studio(model, options);
    });
}
