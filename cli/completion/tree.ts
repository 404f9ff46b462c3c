/** What a shell has to know of the command, read off commander's own definitions. */
import type { Argument, Command, Option } from "commander";

/** What may stand in a place: words, files whose names end in one of the suffixes (any without), folders; or neither. */
export interface Value {
  readonly words: readonly string[];
  readonly files: boolean;
  readonly suffixes: readonly string[];
  readonly folders: boolean;
}

export interface Flag {
  /** `-b` */
  readonly short: string | undefined;
  /** `--batch` */
  readonly long: string;
  readonly about: string;
  /** Of what follows it; undefined for a switch. */
  readonly value: Value | undefined;
  /** Whether several values may follow. */
  readonly several: boolean;
}

export interface Subcommand {
  readonly name: string;
  readonly about: string;
  readonly flags: readonly Flag[];
  readonly argument: Value | undefined;
}

export interface Tree {
  readonly flags: readonly Flag[];
  readonly commands: readonly Subcommand[];
}

const NOTHING: Value = { words: [], files: false, suffixes: [], folders: false };

/** By the name of the placeholder, `<dir>`. Others, such as numbers, cannot be completed. */
const PLACEHOLDERS: Readonly<Record<string, Value>> = {
  dir: { ...NOTHING, folders: true },
  file: { ...NOTHING, files: true },
  files: { ...NOTHING, files: true },
  names: { ...NOTHING, words: ["fashion-mnist", "mnist"], files: true },
  set: { ...NOTHING, words: ["synthetic", "fashion-mnist", "mnist"], folders: true },
  model: { ...NOTHING, files: true, suffixes: [".ts", ".mts", ".js", ".mjs", ".onnx"] },
};

function kindOf(placeholder: string, choices: readonly string[] | undefined): Value {
  if (choices) return { ...NOTHING, words: choices };
  return PLACEHOLDERS[placeholder] ?? NOTHING;
}

const ABOUT = 90;

/** One line, and not a long one: the help has the rest. */
function shortened(text: string): string {
  const plain = text.replace(/\s+/g, " ").replace(/\.$/, "");
  return plain.length <= ABOUT ? plain : `${plain.slice(0, ABOUT).replace(/[\s,;:(]+\S*$/, "")} …`;
}

function flagOf(option: Option): Flag {
  const placeholder = /[<[](\w+)/.exec(option.flags)?.[1];
  return {
    short: option.short,
    long: option.long ?? "",
    about: shortened(option.description),
    value: placeholder === undefined ? undefined : kindOf(placeholder, option.argChoices),
    several: option.variadic,
  };
}

const HELP: Flag = { short: "-h", long: "--help", about: "print the help", value: undefined, several: false };

export function treeOf(weft: Command): Tree {
  const flags = ({ options }: Command): readonly Flag[] => [...options.map(flagOf), HELP];
  const argument = (a: Argument | undefined): Value | undefined => a && kindOf(a.name(), a.argChoices);
  const commands = weft.commands.map((command) => ({
    name: command.name(),
    about: shortened(command.description()),
    flags: flags(command),
    argument: argument(command.registeredArguments[0]),
  }));
  const names = [...commands.map(({ name }) => name), "help"];
  const help = {
    name: "help",
    about: "print the help of a command",
    flags: [],
    argument: { ...NOTHING, words: names.slice(0, -1) },
  };
  return { flags: flags(weft), commands: [...commands, help] };
}
