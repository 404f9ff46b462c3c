/** `weft data`: downloads a published data set into the user's cache folder. */
import { Argument, Command } from "commander";
import type { DataCommandOptions } from "../actions/data.ts";
import { examples, withCommon } from "../common.ts";
import { PUBLISHED } from "../data/published.ts";

export function dataCommand(): Command {
  const command = new Command("data")
    .description(
      "Download a data set from its official address, check it, and keep it where train and eval find it.",
    )
    .addArgument(new Argument("<set>", "the data set").choices([...PUBLISHED]))
    .option("--data-dir <dir>", "put it into DIR/SET instead of the cache; WEFT_DATA sets it too")
    .option("--from <url>", "another address that has the same four files");
  return withCommon(command, ["text", "json"])
    .addHelpText(
      "after",
      examples([
        ["weft data fashion-mnist", "30 MB; `weft train --data fashion-mnist` finds them"],
        ["weft data mnist --data-dir data", "into data/mnist; use --data-dir data later, or set WEFT_DATA"],
      ]),
    )
    .action(async (set: string, options: DataCommandOptions) =>
      (await import("../actions/data.ts")).fetchData(set, options),
    );
}
