/**
 * A random model as data: what was drawn, in the model language's own terms. It is built by the model language,
 * and printed as a model file that a reader can run.
 */
import * as dsl from "../../compiler/dsl/index.ts";
import type { Graph } from "../../compiler/ir/graph.ts";

export type Dim = number | "N";
/** A tensor is a variable of the model file; a number is itself; a list is concat's operand. */
export type Operand = string | number | readonly string[];
export type Value = number | string | boolean | readonly (number | string)[];

/** `const y3 = conv2d(y2, { out: 3, kernel: [2, 3] });` */
export interface Line {
  readonly name: string;
  readonly op: string;
  readonly operands: readonly Operand[];
  /** The options record; `reshape` and `transpose` take a list instead. */
  readonly options?: Readonly<Record<string, Value>> | readonly (number | string)[];
}

export interface ModelSpec {
  readonly inputs: readonly { readonly name: string; readonly shape: readonly Dim[] }[];
  readonly params: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly lines: readonly Line[];
  readonly outputs: readonly string[];
  /** What the model is run with: the size of N, the seed of the data, and the size of its values. */
  readonly batch: number;
  readonly seed: number;
  readonly scale: number;
}

/** The model file. */
export function printModel(spec: ModelSpec): string {
  const used = new Set(["model", "input", ...spec.lines.map((l) => l.op)]);
  if (spec.params.length > 0) used.add("param");
  if (spec.inputs.some((i) => i.shape.includes("N"))) used.add("N");
  const names = (list: readonly { readonly name: string }[]): string => list.map((x) => x.name).join(", ");
  return [
    `// batch ${spec.batch}, data seed ${spec.seed}, values up to ${spec.scale}`,
    `import { ${[...used].toSorted().join(", ")} } from "weftgpu";`,
    "",
    ...spec.inputs.map(({ name, shape }) => `const ${name} = input("${name}", [${shape.join(", ")}]);`),
    ...spec.params.map(({ name, shape }) => `const ${name} = param("${name}", [${shape.join(", ")}]);`),
    ...spec.lines.map(printLine),
    "",
    `export default model("fuzz", { ${names(spec.inputs)} }, { ${spec.outputs.join(", ")} });`,
  ].join("\n");
}

function printLine({ name, op, operands, options }: Line): string {
  const list = operands.map((o) => (typeof o === "object" ? `[${o.join(", ")}]` : `${o}`));
  const show = (v: Value): string =>
    Array.isArray(v) ? `[${v.join(", ")}]` : typeof v === "string" ? `"${v}"` : String(v);
  if (options !== undefined) {
    const entries = Object.entries(options).map(([k, v]) => `${k}: ${show(v)}`);
    list.push(isList(options) ? `[${options.join(", ")}]` : `{ ${entries.join(", ")} }`);
  }
  return `const ${name} = ${op}(${list.join(", ")});`;
}

const isList = (x: Exclude<Line["options"], undefined>): x is readonly (number | string)[] =>
  Array.isArray(x);

/** Builds the graph with the model language. Throws `UserError` where the model is not valid. */
export function buildModel(spec: ModelSpec): Graph {
  const tensors = new Map<string, dsl.Tensor>();
  for (const { name, shape } of spec.inputs)
    tensors.set(
      name,
      dsl.input(
        name,
        shape.map((d) => (d === "N" ? dsl.N : d)),
      ),
    );
  for (const { name, shape } of spec.params) tensors.set(name, dsl.param(name, shape));
  const find = (name: string): dsl.Tensor => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`the model has no ${name}`);
    return tensor;
  };
  const ops: Readonly<Record<string, unknown>> = dsl;
  for (const { name, op, operands, options } of spec.lines) {
    const f = ops[op];
    if (typeof f !== "function") throw new Error(`the model language has no ${op}`);
    const args: unknown[] = operands.map((o) =>
      typeof o === "number" ? o : typeof o === "string" ? find(o) : o.map(find),
    );
    if (options !== undefined) args.push(options);
    tensors.set(name, f(...args));
  }
  const record = (names: readonly string[]): Record<string, dsl.Tensor> =>
    Object.fromEntries(names.map((n) => [n, find(n)]));
  return dsl.model("fuzz", record(spec.inputs.map((i) => i.name)), record(spec.outputs)).graph;
}
