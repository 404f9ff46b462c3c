/** What the subcommands share: flags, the layout of examples, checked numbers. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { createUi, harmlessJson, type Ui } from "./ui.ts";

/** The stages of the compiler that `weft compile --show` prints. */
export const STAGES = ["graph", "regions", "kernels", "schedule", "wgsl", "plan"] as const;
export type Stage = (typeof STAGES)[number];

export interface CommonOptions {
  readonly format: string;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** Adds `--format`, `--quiet` and `--verbose`. */
export function withCommon(command: Command, formats: readonly string[]): Command {
  return command
    .addOption(
      new Option("-f, --format <format>", "how the result is printed")
        .choices([...formats])
        .default(formats[0]),
    )
    .addOption(new Option("-q, --quiet", "print the result alone, no remarks").conflicts("verbose"))
    .option("-v, --verbose", "say more about what is done");
}

/** `--adapter`: which kind of adapter is asked for. */
export function adapterOption(): Option {
  return new Option(
    "-a, --adapter <kind>",
    "hardware, software, or a GPU if there is one (WEFT_ADAPTER sets it too)",
  )
    .choices(["auto", "hardware", "software"])
    .env("WEFT_ADAPTER");
}

export function uiOf(options: CommonOptions): Ui {
  return createUi(options);
}

/** The examples at the end of a help page. */
export function examples(list: readonly (readonly [command: string, meaning: string])[]): string {
  return `\nExamples:\n${list.map(([command, meaning]) => `  $ ${command}\n      ${meaning}`).join("\n")}`;
}

/** For commander: a whole number of at least `least`, and of at most `most`. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const rule = most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `of at least ${least}`;
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value > most || value < least)
      throw new InvalidArgumentError(`It must be a whole number ${rule}.`);
    return value;
  };
}

/** JSON with two spaces of indentation; arrays of numbers and short words stay on one line. */
export function printJson(ui: Ui, value: unknown): void {
  const item = /(?:-?\d[\d.e+-]*|null|true|false|"[^"\n]{0,40}")/.source;
  // Inside a JSON string there is no line break, so no text is ever taken for an array.
  const list = new RegExp(`\\[\\n\\s*${item}(?:,\\n\\s*${item})*\\n\\s*\\]`, "g");
  const flat = (text: string): string => `[${text.slice(1, -1).trim().replace(/\n\s*/g, " ")}]`;
  ui.out(harmlessJson(JSON.stringify(value, null, 2)).replace(list, flat));
}
