/** A completion script for zsh, for its function path or to be sourced. */
import type { Flag, Subcommand, Tree, Value } from "./tree.ts";

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
/** Text between brackets of an `_arguments` specification. */
const about = (text: string): string => text.replace(/[[\]\\]/g, "\\$&");
/** Text before or after a colon of one. */
const plain = (text: string): string => text.replace(/[:\\]/g, "\\$&");

/** `:message:action`. zsh tries the words and the files of an action one after the other. */
function action(value: Value): string {
  const { words, files, suffixes, folders } = value;
  const parts = [
    ...(words.length > 0 ? [`compadd -- ${words.join(" ")}`] : []),
    ...(files && suffixes.length > 0 ? [`_files -g "*(${suffixes.join("|")})"`] : files ? ["_files"] : []),
    ...(folders ? ["_files -/"] : []),
  ];
  return parts.length === 0 ? ": :" : `: :{${plain(parts.join("; "))}}`;
}

function spec({ short, long, about: text, value, several }: Flag): string {
  const names = short === undefined ? [long] : [short, long];
  const exclusive = `(${names.join(" ")})`;
  const rest = `[${about(text)}]${value ? action(value) : ""}`;
  // Without a limit on the number of values nothing else could follow them: one at a time.
  const star = several ? "*" : exclusive;
  if (names.length === 1) return quote(`${star}${long}${rest}`);
  return `${quote(star)}{${names.join(",")}}${quote(rest)}`;
}

function commandCase({ name, flags, argument }: Subcommand): string {
  const specs = [...flags.map(spec), ...(argument ? [quote(`1${action(argument)}`)] : [])];
  return `        ${name}) _arguments -s -S ${specs.map((s) => `\\\n          ${s}`).join(" ")} ;;`;
}

export function zshScript({ flags, commands }: Tree): string {
  const described = commands.map(({ name, about: text }) => `    ${quote(`${name}:${text}`)}`);
  return `#compdef weft weftgpu
# Completion of weft for zsh. After compinit in ~/.zshrc: source <(weft completion zsh)
_weft() {
  local curcontext="$curcontext" state line
  local -a commands
  commands=(
${described.join("\n")}
  )
  _arguments -C -S \\
${flags.map((flag) => `    ${spec(flag)} \\`).join("\n")}
    '1: :->command' '*:: :->arguments'
  case $state in
    command) _describe -t commands 'command' commands ;;
    arguments)
      case $words[1] in
${commands.map(commandCase).join("\n")}
      esac ;;
  esac
}
if [ "$funcstack[1]" = _weft ]; then _weft "$@"; else compdef _weft weft weftgpu; fi
`;
}
