/** The `weft` command as a function: arguments in, exit code out. */
import { Command, CommanderError } from "commander";
import { compileCommand } from "./commands/compile.ts";
import { completionCommand } from "./commands/completion.ts";
import { dataCommand } from "./commands/data.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { evalCommand } from "./commands/eval.ts";
import { initCommand } from "./commands/init.ts";
import { profileCommand } from "./commands/profile.ts";
import { runCommand } from "./commands/run.ts";
import { shapesCommand } from "./commands/shapes.ts";
import { studioCommand } from "./commands/studio.ts";
import { trainCommand } from "./commands/train.ts";
import { tuneCommand } from "./commands/tune.ts";
import { examples } from "./common.ts";
import { EXIT_USER, reportFailure } from "./failure.ts";
import { version } from "./version.ts";

/** What a command found, where that is no failure to report. */
export interface Outcome {
  code: number;
}

function program(outcome: Outcome): Command {
  const weft: Command = new Command("weft")
    .description(
      "Compiles a neural network written in TypeScript to fused WGSL kernels, runs it and trains it.",
    )
    .version(version(), "-V, --version", "print the version")
    .addCommand(initCommand())
    .addCommand(shapesCommand())
    .addCommand(compileCommand(outcome))
    .addCommand(runCommand())
    .addCommand(trainCommand(outcome))
    .addCommand(evalCommand())
    .addCommand(profileCommand())
    .addCommand(tuneCommand(outcome))
    .addCommand(studioCommand(outcome))
    .addCommand(dataCommand())
    .addCommand(doctorCommand(outcome))
    .addCommand(completionCommand(() => weft))
    .addHelpText(
      "after",
      `${examples([
        ["weft init my-model", "a small project to start from: model, training, page, tests"],
        ["weft shapes models/lenet.ts", "every layer's shape, with the formula behind it"],
        [
          "weft compile models/lenet.ts --out dist/lenet",
          "write WGSL, a typed module and a bundle for the web",
        ],
        ["weft run models/lenet.ts --input picture.png", "classify a picture"],
        ["weft train models/lenet.ts", "train on shapes that weft draws; --data fashion-mnist for real ones"],
        ["weft profile models/lenet.ts", "where the time goes, kernel by kernel"],
        ["weft tune models/lenet.ts", "measure other schedules here, and keep the fastest"],
        ["weft studio", "see a model in a page: graph, kernels, activations, training"],
        ["weft doctor", "which GPU is used, and what to do if there is none"],
      ])}

Environment:
  NO_COLOR, FORCE_COLOR  never, always in colour; else on a terminal alone
  COLUMNS                the width of text in a pipe, where nothing is cut without it
  WEFT_ADAPTER           auto, hardware or software, as --adapter
  WEFT_DATA              the folder that holds fashion-mnist/ and mnist/

Exit codes:
   0  it worked
   1  the model, a flag or a file is wrong, or there is no adapter
  70  a bug in Weft
 130  ended with Ctrl-C (143: by SIGTERM); what training or tuning had reached is saved
`,
    );
  for (const command of [weft, ...weft.commands])
    command
      .exitOverride()
      .showHelpAfterError(`(${command === weft ? "weft" : `weft ${command.name()}`} --help shows how)`);
  return weft;
}

/** Runs the command line and prints what there is to print. Never throws. */
export async function weft(args: readonly string[]): Promise<number> {
  const outcome: Outcome = { code: 0 };
  try {
    await program(outcome).parseAsync([...args], { from: "user" });
    return outcome.code;
  } catch (error) {
    // Commander has printed its message already; help and version arrive here with code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USER;
    return reportFailure(error);
  }
}
