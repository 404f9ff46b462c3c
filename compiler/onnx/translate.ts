/**
 * A graph of the file as a record of calls. Nodes are taken in order: what is computed of known numbers is folded, everything else goes
 * through its row of the table. A node that cannot be imported is noted, and so is left what needs it, so that one import names all.
 */
import type { Dim } from "../../contract/type.ts";
import * as language from "../dsl/index.ts";
import { plural, UserError } from "../errors.ts";
import type { Import } from "./call.ts";
import { type OnnxGraph, type OnnxModel, type OnnxNode, readsOf } from "./decode.ts";
import { type Context, carryOut, initial, keep, readIn } from "./evaluate.ts";
import { elementType, shown } from "./numbers.ts";
import { NAME, type Ref, shapeOf } from "./recorder.ts";
import type { Unsupported } from "./report.ts";
import type { Message } from "./schema.ts";
import { isFloat, Refusal, type Value } from "./value.ts";

/** A size of the file that a number or a bound is put in for. */
export type DimBinding = number | { readonly max: number };
/** What is put in for sizes, by their names in the file. */
export type Dims = Readonly<Record<string, DimBinding>>;

export interface Translated {
  readonly inputs: ReadonlyMap<string, Ref>;
  readonly values: ReadonlyMap<string, Value>;
  /** Nodes that were computed at import. */
  readonly folded: readonly OnnxNode[];
  /** What cannot be imported of what the outputs need. */
  readonly unsupported: readonly Unsupported[];
  readonly notes: readonly string[];
}

/** @throws UserError for sizes that are neither bound nor the batch */
export function translate(
  { graph, opsets, functions }: OnnxModel,
  shared: Import,
  dims: Dims,
  outputs: readonly string[],
): Translated {
  const values = new Map<string, Value>();
  const notes: string[] = [];
  const folded: OnnxNode[] = [];
  const failures = new Map<OnnxNode, Unsupported>();
  const context: Context = { shared, opsets, functions, depth: 0, isRead: readIn({ ...graph, outputs }) };
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node])));
  const inputs = inputsOf(graph, shared, dims, notes);
  for (const [name, value] of inputs) values.set(name, value);

  const find = (name: string): Value | undefined => {
    const made = values.get(name);
    if (made) return made;
    const tensor = graph.initializers.get(name);
    if (!tensor) return undefined;
    const value = initial(tensor, shared);
    values.set(name, value);
    return value;
  };
  for (const node of graph.nodes) {
    if (readsOf(node).some((name) => makers.has(name) && !find(name))) continue; // it needs what could not be made
    try {
      const carried = carryOut(node, find, context);
      if (carried.atImport) folded.push(node);
      keep(node, carried, values);
    } catch (error) {
      failures.set(node, unsupported(node, error));
    }
  }
  return {
    inputs: new Map([...inputs].map(([name, value]) => [name, value.ref])),
    values,
    folded,
    unsupported: neededOf(outputs, makers, failures),
    notes,
  };
}

/** What the language or a row says of a node. Anything else is no answer to a file, but a bug. */
function unsupported(node: OnnxNode, error: unknown): Unsupported {
  const at = { op: node.op, node: node.name || node.outputs[0] || "" };
  if (error instanceof Refusal)
    return { ...at, reason: error.message, ...(error.fix === undefined ? {} : { try: error.fix }) };
  if (!(error instanceof UserError)) throw error;
  const { problem, rule, fix } = error.diagnosis;
  return {
    ...at,
    reason: rule ? `${problem}: ${rule}` : problem,
    ...(fix === undefined ? {} : { try: fix }),
  };
}

/** The failures that outputs depend on, in the file's order. */
function neededOf(
  outputs: readonly string[],
  makers: ReadonlyMap<string, OnnxNode>,
  failures: ReadonlyMap<OnnxNode, Unsupported>,
): readonly Unsupported[] {
  const reached = new Set<OnnxNode>();
  const queue = outputs.flatMap((name) => makers.get(name) ?? []);
  for (let node = queue.pop(); node; node = queue.pop()) {
    if (reached.has(node)) continue;
    reached.add(node);
    queue.push(...readsOf(node).flatMap((name) => makers.get(name) ?? []));
  }
  return [...failures].flatMap(([node, failure]) => (reached.has(node) ? [failure] : []));
}

type Info = Message<"ValueInfo">;

/** The inputs of the model. The first symbolic size that stands first is the batch. */
function inputsOf(
  { inputs: infos, nodes }: OnnxGraph,
  { recorder }: Import,
  dims: Dims,
  notes: string[],
): ReadonlyMap<string, Value & { readonly kind: "computed" }> {
  const batch = batchOf(infos, dims);
  const made = new Map<string, Value & { readonly kind: "computed" }>();
  for (const info of infos) {
    const name = info.name ?? "";
    const tensor = info.type?.tensor;
    if (!tensor?.shape)
      throw new UserError({
        problem: `input ${shown(name)} has no known ${tensor ? "rank" : "tensor type"}`,
        rule: "an input is a tensor with so many sizes",
        fix: "an export in which its shape is said",
      });
    const type = elementType(tensor.elemType, `input ${shown(name)}`);
    const shape = tensor.shape.dim.map((d, i): Dim => {
      const called = symbolOf(d, name, i);
      if (called === undefined) return d.value ?? 1;
      const binding = Object.hasOwn(dims, called) ? dims[called] : undefined;
      if (typeof binding === "number") return binding;
      if (binding) return language.dim(word(called), { max: binding.max });
      if (called === batch) return "N";
      throw leftOpen(infos, dims, batch);
    });
    // Whole numbers that say where to read are given as such; others are computed with, as f32.
    const whole = !isFloat(type) && type !== "bool" && areIndices(name, nodes);
    if (type !== "f32")
      notes.push(`input ${shown(name)} is ${type} in the file and ${whole ? "i32" : "f32"} here`);
    const ref = recorder.call("input", [NAME, shape, ...(whole ? [{ dtype: "i32" }] : [])], {
      hint: "",
      otherwise: "input",
    });
    made.set(name, {
      kind: "computed",
      type: isFloat(type) ? "f32" : type,
      shape: shapeOf(ref),
      ref,
    });
  }
  return made;
}

/** Operators that read at places, and which operand says where. */
const READERS: Readonly<Record<string, number>> = {
  Gather: 1,
  GatherElements: 1,
  GatherND: 1,
  ScatterElements: 1,
  Scatter: 1,
  ScatterND: 1,
  RotaryEmbedding: 3,
};
/** What moves whole numbers and leaves them what they are. */
const MOVERS = new Set([
  "Identity",
  "Reshape",
  "Squeeze",
  "Unsqueeze",
  "Flatten",
  "Transpose",
  "Slice",
  "Cast",
  "Concat",
  "Split",
]);

/** Whether an operator reads where a value says, or what is made of it by moving. */
function areIndices(input: string, nodes: readonly OnnxNode[]): boolean {
  const moved = new Set([input]);
  return nodes.some(({ op, inputs, outputs }) => {
    const reads = READERS[op];
    if (reads !== undefined && moved.has(inputs[reads] ?? "")) return true;
    if (MOVERS.has(op) && moved.has(inputs[0] ?? "")) for (const name of outputs) moved.add(name);
    return false;
  });
}

/** What a size is called that the file leaves open. */
export function symbolOf(
  { value, param }: Message<"Dimension">,
  input: string,
  i: number,
): string | undefined {
  if (param) return param;
  return value === undefined || value <= 0 ? `${input}_${i}` : undefined;
}

interface Open {
  readonly input: string;
  readonly called: string;
  /** Which axis it is. */
  readonly axis: number;
}

/** The sizes that the file leaves open and nobody has bound. */
const openIn = (infos: readonly Info[], dims: Dims): readonly Open[] =>
  infos.flatMap(({ name: input = "", type }) =>
    (type?.tensor?.shape?.dim ?? []).flatMap((d, axis) => {
      const called = symbolOf(d, input, axis);
      return called === undefined || Object.hasOwn(dims, called) ? [] : [{ input, called, axis }];
    }),
  );

/** The size that is N: the first of those that stand first, if it stands nowhere else. */
function batchOf(infos: readonly Info[], dims: Dims): string | undefined {
  const open = openIn(infos, dims);
  return open.find(({ called, axis }) => axis === 0 && open.every((o) => o.called !== called || o.axis === 0))
    ?.called;
}

/** All of them in one message. */
function leftOpen(infos: readonly Info[], dims: Dims, batch: string | undefined): UserError {
  const open = openIn(infos, dims).filter(({ called }) => called !== batch);
  const names = [...new Set(open.map(({ called }) => called))];
  const inputs = [...new Set(open.map(({ input }) => input))];
  const listed = names.slice(0, 6).map(shown).join(", ");
  return new UserError({
    problem: `${plural(inputs.length, "input")} ${inputs.slice(0, 6).map(shown).join(", ")} ${inputs.length === 1 ? "leaves" : "leave"} open how large ${listed} ${names.length === 1 ? "is" : "are"}`,
    rule: "one size, which stands first, is the batch N; others are bound to a number, or to the most that they can be",
    fix: `--dim ${names.map((name) => `${name}=64`).join(" ")}, or --dim ${names[0]}=..64; dims: { ${names.map((name) => `${JSON.stringify(name)}: 64`).join(", ")} }`,
  });
}

/** A name that `dim` takes. */
const word = (text: string): string => {
  const words = text.replaceAll(/\W+/g, "_");
  return /^[A-Za-z]/.test(words) && words !== "N" ? words : `size_${words}`;
};
