/** The record as the text of a model file. */
import type { Size } from "../../contract/type.ts";
import { isSize } from "../ir/type.ts";
import { isPlain, isRef, NAME, type Ref, type Statement } from "./recorder.ts";

/** What the names of a record are: of variables, and of what the model is given and gives. */
export interface Naming {
  /** The variable of each tensor that is needed. */
  readonly variables: ReadonlyMap<Ref, string>;
  /** What an input or a parameter is called in the graph. */
  readonly own: ReadonlyMap<Statement, string>;
  /** The variable of a size. */
  readonly sizes: ReadonlyMap<Size, string>;
}

export interface Written extends Naming {
  /** Lines of the comment at the top. */
  readonly about: readonly string[];
  readonly name: string;
  readonly statements: readonly Statement[];
  readonly inputs: readonly (readonly [key: string, ref: Ref])[];
  readonly outputs: readonly (readonly [key: string, ref: Ref])[];
}

/** Longer lines are broken, as Biome and Prettier would. */
const WIDTH = 110;

/** The text of a model file that makes the same graph. */
export function modelText(written: Written): string {
  const { statements, sizes, variables } = written;
  const imports = new Set<string>(["model", ...statements.map((s) => s.callee)]);
  if (sizes.size > 0) imports.add("dim");
  const body = [
    ...[...sizes].map(
      ([{ name, max }, variable]) => `const ${variable} = dim(${JSON.stringify(name)}, { max: ${max} });`,
    ),
    ...statements.map((statement) => {
      const [only, ...more] = statement.results.map((r) => variables.get(r) ?? "");
      const pattern = more.length > 0 ? `[${[only, ...more].join(", ").replace(/(?:, )+$/, "")}]` : only;
      const args = statement.args.map((arg) => codeOf(arg, written, statement));
      return call(`const ${pattern} = ${statement.callee}`, args);
    }),
  ];
  const record = (list: Written["inputs"]): string =>
    `{ ${list.map(([key, ref]) => entry(key, variables.get(ref) ?? "")).join(", ")} }`;
  const last = call("export default model", [
    JSON.stringify(written.name),
    record(written.inputs),
    record(written.outputs),
  ]);
  if ([...body, last].some((line) => /\bN\b/.test(line.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""'))))
    imports.add("N");
  const head = call("import ", [...imports].toSorted(byLetters), ["{ ", " }", "{"]).replace(
    /;$/,
    ' from "weftgpu";',
  );
  const about = written.about.map((line) => `// ${line}\n`).join("");
  return `${about}${head}\n\n${body.join("\n")}\n\n${last}\n`;
}

/** As Biome sorts names: by letters, and small before large where they are equal. */
function byLetters(a: string, b: string): number {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()];
  return x === y ? (a > b ? -1 : 1) : x < y ? -1 : 1;
}

/** A name of a record, which may need quotes. `__proto__` would be no entry at all. */
const entry = (key: string, value: string): string =>
  key === value
    ? key
    : key === "__proto__"
      ? `["__proto__"]: ${value}`
      : `${/^[A-Za-z_]\w*$/.test(key) ? key : JSON.stringify(key)}: ${value}`;

/** `head(a, b);` in one line, or an argument a line. */
function call(
  head: string,
  args: readonly string[],
  [open, close] = ["(", ")"] as readonly string[],
): string {
  const line = `${head}${open}${args.join(", ")}${close};`;
  if (line.length <= WIDTH) return line;
  const begin = (open ?? "").trimEnd();
  return `${head}${begin}\n${args.map((arg) => `  ${broken(arg, WIDTH - 3)},`).join("\n")}\n${(close ?? "").trimStart()};`;
}

/** An object or a list that is too long for a line. */
function broken(text: string, width: number): string {
  return text.length <= width || !/^\{ .* \}$|^\[.*\]$/.test(text) ? text : filled(text);
}

/** Entries one after the other, as many as fit a line. */
function filled(text: string): string {
  const [open, close] = [text.slice(0, 1), text.slice(-1)];
  const parts = split(text.slice(1, -1).trim());
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (open === "[" && last !== undefined && last.length + part.length + 2 <= WIDTH - 6)
      lines[lines.length - 1] = `${last} ${part},`;
    else lines.push(`${part},`);
  }
  return `${open}\n${lines.map((line) => `    ${line}`).join("\n")}\n  ${close}`;
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

/** An argument as it stands in code. */
function codeOf(arg: unknown, naming: Naming, statement: Statement): string {
  if (arg === NAME) return JSON.stringify(naming.own.get(statement) ?? "");
  if (isRef(arg)) return naming.variables.get(arg) ?? "";
  if (arg === "N") return "N";
  if (isSize(arg)) return naming.sizes.get(arg) ?? "";
  if (Array.isArray(arg)) return `[${arg.map((item) => codeOf(item, naming, statement)).join(", ")}]`;
  if (typeof arg === "object" && arg !== null && isPlain(arg)) {
    const entries = Object.entries(arg).map(([key, value]) => entry(key, codeOf(value, naming, statement)));
    return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
  }
  return typeof arg === "number" && Object.is(arg, -0) ? "-0" : (JSON.stringify(arg) ?? "undefined");
}
