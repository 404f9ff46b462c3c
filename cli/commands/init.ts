/** `weft init`: a small project that builds, trains, tests and shows a page. */
import { Command } from "commander";
import type { CommonOptions } from "../common.ts";
import { examples, withCommon } from "../common.ts";

export function initCommand(): Command {
  const command = new Command("init")
    .description(
      "Write a small project: a model, its training, a page to draw on, and tests with golden files.",
    )
    .argument("[dir]", "where to; it is made if it does not exist", ".");
  return withCommon(command, ["text", "json"])
    .addHelpText(
      "after",
      examples([
        ["weft init my-model", "a new folder; then npm install, npm test, npm run train, npm start"],
        ["weft init", "into the folder you are in; nothing is written over"],
        ["npx weftgpu init my-model", "without an installation"],
      ]),
    )
    .action(async (dir: string, options: CommonOptions) =>
      (await import("../actions/init.ts")).init(dir, options),
    );
}
