/**
 * A random model as data: what was drawn, in the model language's own terms. It is built by the model language,
 * and printed as a model file that a reader can run.
 */
import * as dsl from "../../compiler/dsl/index.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { sizesIn } from "../../compiler/ir/type.ts";
import type { TargetName } from "../../compiler/strategies/target.ts";
import { showDim } from "../../contract/shapes.ts";
import type { SizeValues } from "../../contract/sizes.ts";
import { opNamed, userOps } from "./userOps.ts";

export type Dim = number | "N";
/** What is written where it stands: a text, or a list of numbers. */
export interface Literal {
  readonly literal: string | readonly number[];
}
/** A tensor is a variable of the model file; a number is itself; a list is concat's operand. */
export type Operand = string | number | readonly string[] | Literal;
/** The same operand with other names of tensors. */
export const renamed = (o: Operand, name: (of: string) => string): Operand =>
  typeof o === "number" || isLiteral(o) ? o : typeof o === "string" ? name(o) : o.map(name);
export const isLiteral = (o: Operand): o is Literal => typeof o === "object" && "literal" in o;
export type Value = number | string | boolean | readonly (number | string)[];

/** `const y3 = conv2d(y2, { out: 3, kernel: [2, 3] });` */
export interface Line {
  readonly name: string;
  readonly op: string;
  readonly operands: readonly Operand[];
  /** The options record; `reshape` and `transpose` take a list instead. */
  readonly options?: Readonly<Record<string, Value>> | readonly (number | string)[];
  /** Which one is meant of the tensors that the op gives: `split(y2, { parts: 2 })[1]`. */
  readonly part?: number;
}

/** Whole numbers say where is read. Absent: numbers of f32. */
export interface Input {
  readonly name: string;
  readonly shape: readonly Dim[];
  readonly dtype?: "i32" | "u32";
}

export interface Param {
  readonly name: string;
  readonly shape: readonly number[];
  /** What the parameter itself is called. Absent: as the variable. */
  readonly label?: string;
}

export interface ModelSpec {
  readonly inputs: readonly Input[];
  readonly params: readonly Param[];
  readonly lines: readonly Line[];
  /** One tensor may be several outputs, under other names. */
  readonly outputs: readonly { readonly name: string; readonly of: string }[];
  /** What the model is run with: the sizes of N one after the other, the seed of the data, the size of its values. */
  readonly batches: readonly number[];
  /** What other sizes are at each of these runs. Absent: there are none. */
  readonly sizes?: readonly SizeValues[];
  readonly seed: number;
  readonly scale: number;
  readonly how: How;
}

/** How a model is compiled. */
export interface How {
  readonly target: TargetName;
  readonly precision: "f32" | "f16";
  /** What weights are quantised to. */
  readonly quantise?: "i8" | "i4";
  /** Whether its parameters are given to the compiler. */
  readonly bake: boolean;
}

/** The model file. */
export function printModel(spec: ModelSpec): string {
  const ops = new Set(spec.lines.map((l) => l.op));
  const own = [...ops].filter((op) => Object.hasOwn(userOps, op));
  const used = new Set(["model", "input", ...[...ops].filter((op) => !own.includes(op))]);
  if (own.length > 0) used.add("defineOp");
  if (spec.params.length > 0) used.add("param");
  if (spec.inputs.some((i) => i.shape.includes("N"))) used.add("N");
  const names = (list: readonly { readonly name: string }[]): string => list.map((x) => x.name).join(", ");
  const { target, precision, quantise, bake } = spec.how;
  const sizes = sizesIn(spec.inputs.map((i) => i.shape));
  if (sizes.length > 0) used.add("dim");
  const outputs = spec.outputs.map(({ name, of }) => (name === of ? name : `${name}: ${of}`));
  return [
    `// batch ${spec.batches.join(", then ")}, data seed ${spec.seed}, values up to ${spec.scale}`,
    ...(spec.sizes ? [`// at ${JSON.stringify(spec.sizes)}`] : []),
    `// target ${target}, ${precision}${quantise ? `, weights in ${quantise}` : ""}${bake ? ", baked" : ""}`,
    `import { ${[...used].toSorted().join(", ")} } from "weftgpu";`,
    "",
    ...own.map((op) => `const ${op} = ${userOps[op]?.text};`),
    ...sizes.map(({ name, max }) => `const ${name} = dim("${name}", { max: ${max} });`),
    ...spec.inputs.map(
      ({ name, shape, dtype }) =>
        `const ${name} = input("${name}", [${shape.map(showDim).join(", ")}]${dtype ? `, { dtype: "${dtype}" }` : ""});`,
    ),
    ...spec.params.map(
      ({ name, shape, label = name }) => `const ${name} = param("${label}", [${shape.join(", ")}]);`,
    ),
    ...spec.lines.map(printLine),
    "",
    `export default model("fuzz", { ${names(spec.inputs)} }, { ${outputs.join(", ")} });`,
  ].join("\n");
}

function printLine({ name, op, operands, options, part }: Line): string {
  const list = operands.map((o) =>
    isLiteral(o) ? JSON.stringify(o.literal) : typeof o === "object" ? `[${o.join(", ")}]` : `${o}`,
  );
  const show = (v: Value): string =>
    Array.isArray(v) ? `[${v.join(", ")}]` : typeof v === "string" ? `"${v}"` : String(v);
  if (options !== undefined) {
    const entries = Object.entries(options).map(([k, v]) => `${k}: ${show(v)}`);
    if (isList(options)) list.push(`[${options.join(", ")}]`);
    else if (entries.length > 0) list.push(`{ ${entries.join(", ")} }`);
  }
  return `const ${name} = ${op}(${list.join(", ")})${part === undefined ? "" : `[${part}]`};`;
}

const isList = (x: Exclude<Line["options"], undefined>): x is readonly (number | string)[] =>
  Array.isArray(x);

/** One line applied to tensors by name. */
export function applyLine(
  { op, operands, options, part }: Omit<Line, "name">,
  find: (name: string) => dsl.Tensor,
): dsl.Tensor {
  const args: unknown[] = operands.map((o) =>
    isLiteral(o) ? o.literal : typeof o === "number" ? o : typeof o === "string" ? find(o) : o.map(find),
  );
  const given = opNamed(op)(...args, ...(options === undefined ? [] : [options]));
  return part === undefined ? given : partOf(given, part);
}

/** A variant of a line may have fewer parts than there were. */
function partOf(tensors: unknown, part: number): dsl.Tensor {
  const [first, ...more] = tensors as readonly [dsl.Tensor, ...dsl.Tensor[]]; // of an op that gives several
  return part === 0 ? first : (more[part - 1] ?? first);
}

export const inputOf = ({ name, shape, dtype }: Input): dsl.Tensor =>
  dsl.input(
    name,
    shape.map((d) => (d === "N" ? dsl.N : d)),
    dtype ? { dtype } : {},
  );

/** Builds the graph with the model language. Throws `UserError` where the model is not valid. */
export function buildModel(spec: ModelSpec): Graph {
  const tensors = new Map<string, dsl.Tensor>();
  for (const input of spec.inputs) tensors.set(input.name, inputOf(input));
  for (const { name, shape, label = name } of spec.params) tensors.set(name, dsl.param(label, shape));
  const find = (name: string): dsl.Tensor => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`the model has no ${name}`);
    return tensor;
  };
  for (const line of spec.lines) tensors.set(line.name, applyLine(line, find));
  const inputs = Object.fromEntries(spec.inputs.map((i) => [i.name, find(i.name)]));
  const outputs = Object.fromEntries(spec.outputs.map((o) => [o.name, find(o.of)]));
  return dsl.model("fuzz", inputs, outputs).graph;
}
