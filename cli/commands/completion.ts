/** `weft completion`: what a shell needs to complete commands, flags, their values and model files. */
import { Argument, Command } from "commander";
import { examples } from "../common.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

/** @param weft gives the whole command, whose definitions are read when the script is asked for */
export function completionCommand(weft: () => Command): Command {
  return new Command("completion")
    .description("Print a script that makes a shell complete commands, flags, their values and model files.")
    .addArgument(new Argument("<shell>", "the shell").choices([...SHELLS]))
    .addHelpText(
      "after",
      examples([
        ["source <(weft completion bash)", "in ~/.bashrc; now at once"],
        ["source <(weft completion zsh)", "in ~/.zshrc, after compinit"],
        ["weft completion fish > ~/.config/fish/completions/weft.fish", "once"],
      ]),
    )
    .action(async (shell: (typeof SHELLS)[number]) => {
      const { completionScript } = await import("../completion/index.ts");
      process.stdout.write(completionScript(shell, weft()));
    });
}
