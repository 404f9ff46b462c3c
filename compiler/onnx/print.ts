/** Code as Biome and Prettier would lay it out: in a line where it fits. */

/** Longer lines are broken. */
const WIDTH = 110;

/** As Biome sorts names: by letters, and small before large where they are equal. */
export function byLetters(a: string, b: string): number {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()];
  return x === y ? (a > b ? -1 : 1) : x < y ? -1 : 1;
}

/** A name of a record, which may need quotes. `__proto__` would be no entry at all. */
export const entry = (key: string, value: string): string =>
  key === value
    ? key
    : key === "__proto__"
      ? `["__proto__"]: ${value}`
      : `${/^[A-Za-z_]\w*$/.test(key) ? key : JSON.stringify(key)}: ${value}`;

export interface CallText {
  /** What stands around the arguments, and behind them. */
  readonly brackets?: readonly [open: string, close: string];
  /** What its lines begin with. */
  readonly indent?: string;
}

/** `head(a, b);` in one line, or an argument a line. */
export function call(
  head: string,
  args: readonly string[],
  { brackets: [open, close] = ["(", ");"], indent = "" }: CallText = {},
): string {
  const line = `${indent}${head}${open}${args.join(", ")}${close}`;
  if (line.length <= WIDTH) return line;
  const rows = args.map((arg) => `${indent}  ${broken(arg, WIDTH - 3 - indent.length, indent)},\n`);
  return `${indent}${head}${open.trimEnd()}\n${rows.join("")}${indent}${close.trimStart()}`;
}

/** An object or a list that is too long for a line. */
function broken(text: string, width: number, indent: string): string {
  return text.length <= width || !/^\{ .* \}$|^\[.*\]$/.test(text) ? text : filled(text, indent);
}

/** Entries one after the other, as many as fit a line. */
function filled(text: string, indent: string): string {
  const [open, close] = [text.slice(0, 1), text.slice(-1)];
  const parts = split(text.slice(1, -1).trim());
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (open === "[" && last !== undefined && last.length + part.length + 2 <= WIDTH - 6)
      lines[lines.length - 1] = `${last} ${part},`;
    else lines.push(`${part},`);
  }
  return `${open}\n${lines.map((line) => `${indent}    ${line}\n`).join("")}${indent}  ${close}`;
}

/** At the commas that stand in no bracket and in no text. */
function split(text: string): readonly string[] {
  const parts: string[] = [];
  let [from, depth] = [0, 0];
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"|[[{(]|[\]})]|, /g)) {
    if (/^[[{(]/.test(match[0])) depth++;
    else if (/^[\]})]/.test(match[0])) depth--;
    else if (match[0] === ", " && depth === 0) {
      parts.push(text.slice(from, match.index));
      from = match.index + 2;
    }
  }
  return [...parts, text.slice(from)];
}
