/** What names say of order and kinship. */

/** Letters and digits by turns: `layer2.0.conv1` is `layer`, `2`, `.`, `0`, `.conv`, `1`. */
const runsOf = (name: string): readonly string[] => name.match(/\d+|\D+/g) ?? [];
const isNumber = (text: string | undefined): text is string => text !== undefined && /^\d/.test(text);

/** Which of two names comes first, where the first difference between them is one of numbers; else undefined. */
export function numberOrder(a: string, b: string): number | undefined {
  const [left, right] = [runsOf(a), runsOf(b)];
  const at = left.findIndex((run, i) => run !== right[i]);
  const [x, y] = [left[at], right[at]];
  return isNumber(x) && isNumber(y) ? Number(x) - Number(y) || undefined : undefined;
}

/** The names in the order of their numbers; undefined where two differ by anything else first. */
export function byNumber(names: readonly string[]): readonly string[] | undefined {
  for (const [i, a] of names.entries())
    for (const b of names.slice(i + 1)) if (numberOrder(a, b) === undefined) return undefined;
  return names.toSorted((a, b) => numberOrder(a, b) ?? 0);
}

/** Different words for one thing, in small letters. */
const MEANINGS: Readonly<Record<string, string>> = {
  query: "q",
  key: "k",
  value: "v",
  bn: "norm",
  ln: "norm",
  batchnorm: "norm",
  layernorm: "norm",
  linear: "fc",
  dense: "fc",
  attn: "attention",
  shortcut: "downsample",
  skip: "downsample",
};

/** `blocks.0.attn.q_proj` says `blocks`, `attention`, `q`, `proj`. */
export function wordsOf(name: string): ReadonlySet<string> {
  const words =
    name
      .replace(/([a-z])([A-Z])/g, "$1 $2")
      .toLowerCase()
      .match(/\p{L}+/gu) ?? [];
  return new Set(words.map((word) => (Object.hasOwn(MEANINGS, word) ? (MEANINGS[word] ?? word) : word)));
}

/** Equal for names that are written in another way alone: `conv1`, `module.conv1` of a model in parallel, `Conv1`. */
export const plainName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/^module\./, "")
    .replace(/[./]/g, ".");

/** How far two layers lie apart in the tree of scopes: steps up from the one and down to the other. */
export function distance(a: readonly string[], b: readonly string[]): number {
  const common = a.findIndex((part, i) => part !== b[i]);
  const shared = common < 0 ? a.length : common;
  return a.length + b.length - 2 * shared;
}
