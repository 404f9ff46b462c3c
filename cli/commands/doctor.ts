/** `weft doctor`: which adapter a run gets, what it can do, and what to do where there is none. */
import { Command } from "commander";
import type { DoctorOptions } from "../actions/doctor.ts";
import { adapterOption, examples, withCommon } from "../common.ts";
import { EXIT_USER } from "../failure.ts";

/** @param outcome gets code 1 where there is no adapter */
export function doctorCommand(outcome: { code: number }): Command {
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
    .action(async (options: DoctorOptions) => {
      const { diagnose } = await import("../actions/doctor.ts");
      if (!(await diagnose(options))) outcome.code = EXIT_USER; // a finding, not a crash
    });
}
