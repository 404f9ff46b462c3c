/** The `weft` command as a function: arguments in, exit code out. */
import { Command, CommanderError } from "commander";
import { EXIT_USER, reportFailure } from "./failure.ts";
import { dimOption, outputOptions } from "./flags.ts";
import { createUi } from "./ui.ts";
import { examples, type Start } from "./verb.ts";
import { MODEL, VERBS } from "./verbs/index.ts";
import { version } from "./version.ts";

const AFTER = `${examples(VERBS.flatMap(({ example }) => (example ? [example] : [])))}

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
`;

/** The command with all its verbs, those that are `wanted` with their options. */
async function program(wanted: (name: string) => boolean, start: Start): Promise<Command> {
  const weft = new Command("weft")
    .description(
      "Compiles a neural network written in TypeScript to fused WGSL kernels, runs it and trains it.",
    )
    .version(version(), "-V, --version", "print the version")
    .addHelpText("after", AFTER);
  const commands = await Promise.all(
    VERBS.map(async (entry) => {
      const command = new Command(entry.name).description(entry.about);
      if (entry.takes) command.addArgument(entry.takes);
      if (wanted(entry.name)) (await entry.load())(command, start);
      if (entry.takes === MODEL) command.addOption(dimOption());
      return entry.formats ? outputOptions(command, entry.formats) : command;
    }),
  );
  for (const command of commands) weft.addCommand(command);
  for (const command of [weft, ...commands])
    command
      .exitOverride()
      .showHelpAfterError(`(${command === weft ? "weft" : `weft ${command.name()}`} --help shows how)`);
  return weft;
}

/** Asked once a command line has been read: its exit code, where another process has run it. */
export type Elsewhere = (command: Command) => Promise<number | undefined>;

/** Runs the command line and prints what there is to print. Never throws. */
export async function weft(
  args: readonly string[],
  elsewhere: Elsewhere = async () => undefined,
): Promise<number> {
  let code = 0;
  const start: Start = async (command, run) => {
    const ui = createUi(command.opts());
    const whole = (): Promise<Command> => program(() => true, start);
    code = (await elsewhere(command)) ?? (await run({ ui, whole })) ?? 0;
  };
  try {
    // The verb that is run, or whose help is printed, is among the arguments.
    const command = await program((name) => args.includes(name), start);
    await command.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    // Commander has printed its message already; help and version arrive here with code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USER;
    return reportFailure(error);
  }
}
