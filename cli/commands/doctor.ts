/** `weft doctor`: which adapter a run gets, what it can do, and what to do where there is none. */
import { Command } from "commander";
import type { DoctorOptions } from "../actions/doctor.ts";
import { adapterOption, examples, withCommon } from "../common.ts";

export function doctorCommand(): Command {
  const command = new Command("doctor")
    .description(
      "Print the WebGPU adapter that a run gets, its driver, features and limits, and what to do if there is none.",
    )
    .addOption(adapterOption());
  return withCommon(command, ["text", "json"])
    .addHelpText(
      "after",
      examples([
        ["weft doctor", "the adapter, the limits that matter, and advice"],
        ["weft doctor --verbose", "every feature and every limit"],
        ["weft doctor --adapter software --format json", "the software adapter, for a script"],
      ]),
    )
    .action(async (options: DoctorOptions) => (await import("../actions/doctor.ts")).diagnose(options));
}
