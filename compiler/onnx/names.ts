/** Names of a file, which may be any text, as variables that a person would have chosen. */

/** Words that JavaScript keeps, and names that mean something where a module is read. */
const KEPT = new Set(
  (
    "abstract arguments as async await boolean break case catch class const constructor continue debugger default delete do else enum eval export extends " +
    "false finally for from function get if implements import in instanceof interface let new null of package private protected " +
    "public return set static super switch this throw true try typeof undefined var void while with yield NaN Infinity"
  ).split(" "),
);

/** As far as a name helps to read. */
const LONGEST = 48;

/** Letters, digits and _ of a text as a variable's name; "" where nothing is left that tells something. */
export function identifier(text: string): string {
  const words = text
    .replaceAll(/[^A-Za-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")
    .slice(0, LONGEST)
    .replace(/_+$/, "");
  return /^[A-Za-z]/.test(words) ? words : "";
}

/** Names that tell nothing: `495`, `onnx::Conv_12`, `input.4`, `val_17`. */
const MACHINE = /^(?:\d+|onnx::.*|[a-z]+\.\d+|(?:val|tmp|node|tensor|output|out|x|n)_?\d+)$/i;

/**
 * What a value may be called, by a path of the file: `/layer1/layer1.0/conv1/Conv_output_0` is `layer1_0_conv1`. The last part is left
 * out where it only says the operator, and a part where the next one repeats it. "" where it tells nothing.
 */
export function readable(path: string, op: string): string {
  const parts = path
    .replace(/(?:_output|[._]tmp)_\d+$/, "")
    .split(/[/]|::/)
    .filter((part) => part !== "");
  const operator = new RegExp(`^(?:node_|\\w+\\.)?${op.replaceAll(/\W/g, "")}(?:[._]\\d+)?$`, "i");
  if (parts.length > 0 && operator.test(parts.at(-1) ?? "")) parts.pop();
  const kept = parts.filter((part, i) => !parts[i + 1]?.startsWith(`${part}.`));
  const joined = kept.join("_");
  return MACHINE.test(path) || MACHINE.test(joined) ? "" : identifier(joined);
}

/** What the layer of a weight may be called: `layer1.0.conv1.weight` is of `layer1_0_conv1`. */
export function owner(weight: string): string {
  const name = /^(.+)[._/](?:weight|kernel|w|gamma|scale|W|weights)(?::0)?$/.exec(weight)?.[1];
  return name === undefined || MACHINE.test(weight) || MACHINE.test(name) ? "" : identifier(name);
}

/** Gives each a name of its own. `taken` are names that mean something already. */
export function unique(taken: Iterable<string>): (wanted: string, otherwise: string) => string {
  const used = new Set([...KEPT, ...taken]);
  const given = new Set<string>();
  const counts = new Map<string, number>();
  return (wanted, otherwise) => {
    const base = wanted || otherwise;
    if (wanted !== "" && !used.has(base)) {
      used.add(base);
      given.add(base);
      return base;
    }
    // conv1, conv2; and beside a variable of that name: stem, stem2.
    let count = counts.get(base) ?? (given.has(base) ? 1 : 0);
    const separator = /\d$/.test(base) ? "_" : "";
    let name: string;
    do name = `${base}${separator}${++count}`;
    while (used.has(name));
    counts.set(base, count);
    used.add(name);
    return name;
  };
}

/** The words that all names begin with, of those that tell something: `layer1_0` of `layer1_0_conv1` and `layer1_0_bn1`. */
export function common(names: readonly string[]): string {
  const [first = [], ...others] = names.filter((name) => name !== "").map((name) => name.split("_"));
  const differs = (i: number): boolean => others.some((words) => words[i] !== first[i]);
  const end = first.findIndex((_, i) => differs(i));
  return first.slice(0, end < 0 ? first.length : end).join("_");
}

/** A name without what it begins with. */
export const without = (name: string, prefix: string): string =>
  prefix !== "" && (name === prefix || name.startsWith(`${prefix}_`)) ? name.slice(prefix.length + 1) : name;

/** The last word of a name, without numbers: `layer` of `encoder_layer_3`; "" where that tells nothing. */
export function stemOf(name: string): string {
  const word =
    name
      .replace(/[_\d]+$/, "")
      .split("_")
      .at(-1) ?? "";
  return /^[a-z]{3,}$/i.test(word) ? word : "";
}
