/** The flags that decide how weights change: they are compiled into the training step. */
import { type Command, InvalidArgumentError, Option } from "commander";

/** For commander: a number that `fits`. */
function number(rule: string, fits: (value: number) => boolean): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value) || !fits(value))
      throw new InvalidArgumentError(`It must be ${rule}.`);
    return value;
  };
}

const positive = number("a number above 0", (v) => v > 0);

/** `--lr`, `--optimizer` and what goes with it: what `train` and `compile --train` share. */
export function optimizerOptions(command: Command): Command {
  return command
    .option(
      "--lr <rate>",
      "the learning rate; default 0.9 for sgd, the lecture's, and 0.001 for adam",
      positive,
    )
    .addOption(new Option("--optimizer <kind>", "how weights change; default sgd").choices(["sgd", "adam"]))
    .option(
      "--momentum <share>",
      "sgd: the share of the last step that is kept",
      number("a number from 0 to below 1", (v) => v >= 0 && v < 1),
    )
    .option("--nesterov", "sgd: look ahead along the momentum")
    .option(
      "--weight-decay <rate>",
      "pulls weights to zero; AdamW with adam",
      number("a number of at least 0", (v) => v >= 0),
    )
    .option("--clip-norm <norm>", "bounds the gradients' norm over all weights", positive)
    .option("--clip-value <value>", "bounds each gradient", positive);
}
