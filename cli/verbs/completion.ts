/** `weft completion`: what a shell needs to complete commands, flags, their values and model files. */
import { completionScript, type Shell } from "../completion/index.ts";
import { examples, verb } from "../verb.ts";

export const completion = verb({
  help: examples([
    ["source <(weft completion bash)", "in ~/.bashrc; now at once"],
    ["source <(weft completion zsh)", "in ~/.zshrc, after compinit"],
    ["weft completion fish > ~/.config/fish/completions/weft.fish", "once"],
  ]),
  async run(shell: Shell, _: object, { whole }) {
    process.stdout.write(completionScript(shell, await whole()));
  },
});
