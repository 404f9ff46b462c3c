/** A completion script for fish. */
import type { Flag, Tree, Value } from "./tree.ts";

const quote = (text: string): string => `'${text.replace(/[\\']/g, "\\$&")}'`;

const PATHS = "__fish_complete_path (commandline -ct)";

/** Of lines `path<tab>description` those of folders and of names with one of the suffixes. */
const onlyWith = (suffixes: readonly string[]): string =>
  `string match -re "^[^\\t]*(?:/|${suffixes.map((s) => s.replace(".", "\\.")).join("|")})(?:\\t|\\$)"`;

/** fish's own functions list files and folders; `-f` keeps it from adding files by itself. */
function candidates({ words, files, suffixes, folders }: Value): string {
  const parts = [
    ...words,
    ...(files && suffixes.length > 0 ? [`(${PATHS} | ${onlyWith(suffixes)})`] : []),
    ...(files && suffixes.length === 0 ? [`(${PATHS})`] : []),
    ...(folders ? ["(__fish_complete_directories (commandline -ct))"] : []),
  ];
  return parts.join(" ");
}

function flagLine(name: string, condition: string, { short, long, about, value }: Flag): string {
  const parts = [
    `complete -c ${name} -n ${quote(condition)} -f`,
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    `-l ${long.slice(2)}`,
    ...(value ? ["-r"] : []),
    ...(value && candidates(value) !== "" ? [`-a ${quote(candidates(value))}`] : []),
    `-d ${quote(about)}`,
  ];
  return parts.join(" ");
}

function linesFor(name: string, { flags, commands }: Tree): readonly string[] {
  return [
    `complete -c ${name} -f`,
    ...flags.map((flag) => flagLine(name, "__fish_use_subcommand", flag)),
    ...commands.flatMap((command) => {
      const within = `__fish_seen_subcommand_from ${command.name}`;
      const argument = command.argument ? candidates(command.argument) : "";
      return [
        `complete -c ${name} -n __fish_use_subcommand -f -a ${command.name} -d ${quote(command.about)}`,
        ...(argument === "" ? [] : [`complete -c ${name} -n ${quote(within)} -f -a ${quote(argument)}`]),
        ...command.flags.map((flag) => flagLine(name, within, flag)),
      ];
    }),
  ];
}

export function fishScript(tree: Tree): string {
  const head = "# Completion of weft for fish: weft completion fish > ~/.config/fish/completions/weft.fish";
  return `${[head, ...linesFor("weft", tree), ...linesFor("weftgpu", tree)].join("\n")}\n`;
}
