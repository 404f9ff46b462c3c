/** The record as the text of a model file. */
import { isSize } from "../ir/type.ts";
import { type Bodies, isUse, type Leaf, type Line, resultsOf, statementsOf } from "./blocks/body.ts";
import { type Code, isParam, type Param } from "./blocks/params.ts";
import type { Keyed, Naming } from "./naming.ts";
import { byLetters, call, entry } from "./print.ts";
import { isPlain, isRef, NAME, type Ref, refsIn, type Statement } from "./recorder.ts";

export interface Written {
  /** Lines of the comment at the top. */
  readonly about: readonly string[];
  readonly name: string;
  readonly bodies: Bodies;
  readonly codes: readonly Code[];
  /** Statements that read nothing, in their order. */
  readonly sources: readonly Statement[];
  readonly naming: Naming;
  readonly inputs: Keyed;
  readonly outputs: Keyed;
}

/** The text of a model file that makes the same graph. */
export function modelText(written: Written): string {
  const { about, name, bodies, inputs, outputs, naming } = written;
  const variables = variablesOf(written, 0);
  const record = (list: Keyed): string =>
    `{ ${list.map(([key, ref]) => entry(key, variables.get(ref) ?? "")).join(", ")} }`;
  const sizes = [...naming.sizes].map(
    ([{ name, max }, variable]) => `const ${variable} = dim(${JSON.stringify(name)}, { max: ${max} });`,
  );
  // Those that are called stand before those that call them.
  const functions = bodies
    .slice(1)
    .map((_, i) => functionText(written, i + 1))
    .toReversed();
  const write = writerOf(written, 0);
  const lines = inOrder(written).map((line) => write(line));
  const last = call("export default model", [JSON.stringify(name), record(inputs), record(outputs)]);
  const head = call("import ", importsOf(written), { brackets: ["{ ", ' } from "weftgpu";'] });
  const parts =
    functions.length === 0
      ? [[...sizes, ...lines]]
      : [...(sizes.length > 0 ? [sizes] : []), ...functions.map((text) => [text]), lines];
  const text = [...about.map((line) => `// ${line}`), head].join("\n");
  return `${[text, ...parts.map((part) => part.join("\n")), last].join("\n\n")}\n`;
}

/** What the file uses of the language, in order. */
function importsOf({ bodies, codes, sources, naming }: Written): readonly string[] {
  const statements = [
    ...sources,
    ...bodies.flatMap(({ calls: [lines = []] }) => lines.flatMap((line) => (isUse(line) ? [] : [line]))),
  ];
  const tensors = codes.flatMap(({ params }) => params.flatMap(({ values }) => values.filter(isRef)));
  const batch =
    statements.some(({ args }) => hasBatch(args)) ||
    tensors.some(({ tensor }) => hasBatch(tensor.node.type.shape));
  return [
    ...new Set([
      "model",
      ...statements.map(({ callee }) => callee),
      ...(naming.sizes.size > 0 ? ["dim"] : []),
      ...(tensors.length > 0 ? ["type Tensor"] : []),
      ...(batch ? ["N"] : []),
    ]),
  ].toSorted((a, b) => byLetters(a.replace("type ", ""), b.replace("type ", "")));
}

const hasBatch = (arg: unknown): boolean => {
  if (arg === "N") return true;
  if (typeof arg !== "object" || arg === null || isRef(arg)) return false;
  return Array.isArray(arg) ? arg.some(hasBatch) : isPlain(arg) && Object.values(arg).some(hasBatch);
};

/** The module's lines: inputs first, and what else reads nothing before the first line that reads it. */
function inOrder({ bodies, sources }: Written): readonly Line[] {
  const lines: Line[] = sources.filter(({ callee }) => callee === "input");
  const waiting = new Set(sources.filter(({ callee }) => callee !== "input"));
  for (const line of bodies[0]?.calls[0] ?? []) {
    for (const { args } of statementsOf(line, bodies))
      for (const { statement } of args.flatMap(refsIn)) if (waiting.delete(statement)) lines.push(statement);
    lines.push(line);
  }
  return [...lines, ...waiting];
}

/** `function block(x: Tensor<[N, number, 56, 56]>, out: number) { … }` */
function functionText(written: Written, body: number): string {
  const { bodies, naming } = written;
  const { name = "", params = new Map<Param, string>() } = naming.scopes[body] ?? {};
  const [lines = []] = bodies[body]?.calls ?? [];
  const write = writerOf(written, body);
  const head = call(
    `function ${name}`,
    [...params].map(([param, variable]) => `${variable}: ${typeOf(param, naming)}`),
    { brackets: ["(", ") {"] },
  );
  return [head, ...lines.map((line, k) => write(line, k === lines.length - 1)), "}"].join("\n");
}

/** Of tensors their rank: what a function gives is known by no more, and goes into the next. */
function typeOf({ values: [first] }: Param, { sizes }: Naming): string {
  if (!isRef(first)) return "number";
  const dims = first.tensor.node.type.shape.map((d) =>
    d === "N" ? "N" : isSize(d) ? `typeof ${sizes.get(d) ?? ""}` : "number",
  );
  return `Tensor<[${dims.join(", ")}]>`;
}

/** The variable of each tensor of a body, as it is in its first call. */
function variablesOf({ bodies, sources, naming }: Written, body: number): ReadonlyMap<Ref, string> {
  const variables = new Map<Ref, string>();
  if (body === 0)
    for (const source of sources)
      for (const ref of source.results) variables.set(ref, naming.sources.get(source) ?? "");
  bodies[body]?.calls[0]?.forEach((line, k) => {
    resultsOf(line, bodies).forEach((ref, i) => {
      const name = naming.scopes[body]?.lines[k]?.[i];
      if (name !== undefined) variables.set(ref, name);
    });
  });
  return variables;
}

/** Writes the lines of a body: what it gives back is in no variable. */
function writerOf(written: Written, body: number): (line: Line, returned?: boolean) => string {
  const { bodies, codes, naming } = written;
  const variables = variablesOf(written, body);
  const lines = bodies[body]?.calls[0] ?? [];
  const slots = new Map(lines.map((line, k) => [line, codes[body]?.slots[k] ?? []]));
  const show = (slot: Leaf | Param): string => {
    if (typeof slot === "number") return Object.is(slot, -0) ? "-0" : `${slot}`;
    return (isParam(slot) ? naming.scopes[body]?.params.get(slot) : variables.get(slot)) ?? "";
  };
  return (line, returned = false) => {
    const own = slots.get(line);
    const names = resultsOf(line, bodies).map((ref) => variables.get(ref) ?? "");
    const pattern = names.length === 1 ? names[0] : `[${names.join(", ").replace(/(?:, )+$/, "")}]`;
    const callee = isUse(line) ? naming.scopes[line.body]?.name : line.callee;
    const args = isUse(line) ? (own ?? []).map(show) : argsOf(line, own, show, naming);
    return call(returned ? `return ${callee}` : `const ${pattern} = ${callee}`, args, {
      indent: body === 0 ? "" : "  ",
    });
  };
}

/** Arguments as they stand in code. */
function argsOf(
  statement: Statement,
  slots: readonly (Leaf | Param)[] | undefined,
  show: (slot: Leaf | Param) => string,
  { own, sizes }: Naming,
): readonly string[] {
  let next = 0;
  const code = (arg: unknown): string => {
    if (typeof arg === "number" || isRef(arg)) return show(slots?.[next++] ?? arg);
    if (arg === NAME) return JSON.stringify(own.get(statement) ?? "");
    if (arg === "N") return "N";
    if (isSize(arg)) return sizes.get(arg) ?? "";
    if (Array.isArray(arg)) return `[${arg.map(code).join(", ")}]`;
    if (typeof arg === "object" && arg !== null && isPlain(arg)) {
      const entries = Object.entries(arg).map(([key, value]) => entry(key, code(value)));
      return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
    }
    return JSON.stringify(arg) ?? "undefined";
  };
  return statement.args.map(code);
}
