/** A completion script for bash, 3.2 (macOS) or later. */
import type { Flag, Tree, Value } from "./tree.ts";

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Shell code that adds what may stand at the cursor. */
function adds({ words, files, suffixes, folders }: Value): string {
  const parts = [
    ...(words.length > 0 ? [`_weft_words ${quote(words.join("\n"))}`] : []),
    ...(files ? [`_weft_files ${suffixes.map(quote).join(" ")}`.trimEnd()] : []),
    ...(folders ? ["_weft_folders"] : []),
  ];
  return parts.join("; ") || ":";
}

const namesOf = (flags: readonly Flag[]): readonly string[] =>
  flags.flatMap(({ short, long }) => (short === undefined ? [long] : [short, long]));

/** `compile:-s|compile:--show)`: what follows a flag. */
function valueCases({ commands }: Tree): readonly string[] {
  return commands.flatMap(({ name, flags }) =>
    flags.flatMap(({ short, long, value }) => {
      if (!value) return [];
      const pattern = [short, long].flatMap((flag) => (flag === undefined ? [] : [`${name}:${flag}`]));
      return [`    ${pattern.join("|")}) ${adds(value)}; return ;;`];
    }),
  );
}

/** Flags that several values may follow: `-i a.png b.png`. */
function severalCases({ commands }: Tree): readonly string[] {
  return commands.flatMap(({ name, flags }) =>
    flags.flatMap(({ short, long, value, several }) =>
      value && several
        ? [
            `    ${[short, long].flatMap((f) => (f ? [`${name}:${f}`] : [])).join("|")}) ${adds(value)}; return ;;`,
          ]
        : [],
    ),
  );
}

export function bashScript(tree: Tree): string {
  const flagCases = tree.commands.map(
    ({ name, flags }) => `      ${name}) _weft_words ${quote(namesOf(flags).join("\n"))} ;;`,
  );
  const argumentCases = tree.commands.flatMap(({ name, argument }) =>
    argument ? [`      ${name}) ${adds(argument)} ;;`] : [],
  );
  return `# Completion of weft for bash. In ~/.bashrc: source <(weft completion bash)
_weft_add() { local IFS=$'\\n'; COMPREPLY+=($1); }
_weft_words() { _weft_add "$(IFS=$'\\n' compgen -W "$1" -- "$cur")"; }
_weft_folders() { compopt -o filenames 2>/dev/null; _weft_add "$(compgen -d -- "$cur")"; }
_weft_files() {
  compopt -o filenames 2>/dev/null
  if [ $# -eq 0 ]; then _weft_add "$(compgen -f -- "$cur")"; return; fi
  local suffix
  for suffix in "$@"; do _weft_add "$(compgen -f -X "!*$suffix" -- "$cur")"; done
  _weft_add "$(compgen -d -- "$cur")"
}
_weft() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command= flag= i
  COMPREPLY=()
  # bash takes --show=wgsl for three words.
  if [ "$cur" = "=" ]; then cur=; elif [ "$prev" = "=" ]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      -*) flag=\${COMP_WORDS[i]} ;;
      *) [ -n "$command" ] || command=\${COMP_WORDS[i]} ;;
    esac
  done
  case "$command:$prev" in
${valueCases(tree).join("\n")}
  esac
  case "$cur" in
    -*) case "$command" in
${flagCases.join("\n")}
      "") _weft_words ${quote(namesOf(tree.flags).join("\n"))} ;;
    esac; return ;;
  esac
  if [ -z "$command" ]; then _weft_words ${quote(tree.commands.map(({ name }) => name).join("\n"))}; return; fi
  case "$command:$flag" in
${severalCases(tree).join("\n")}
  esac
  case "$command" in
${argumentCases.join("\n")}
  esac
}
complete -F _weft weft weftgpu
`;
}
