/**
 * Nodes carried out on values: what is computed of known numbers is folded, everything else goes through its row of the table. Graphs
 * within nodes and functions of the file are carried out where they stand, so that nothing of them is left.
 */
import { Call, type Import } from "./call.ts";
import {
  type Attribute,
  describe,
  graphOf,
  type OnnxFunction,
  type OnnxGraph,
  type OnnxNode,
  readsOf,
} from "./decode.ts";
import { folds } from "./fold/index.ts";
import { readTensor, shown } from "./numbers.ts";
import { rows } from "./rows/index.ts";
import type { Message } from "./schema.ts";
import { isFloat, type Known, Refusal, refuse, type Value } from "./value.ts";

/** Where names are looked up. */
export type Scope = (name: string) => Value | undefined;

export interface Context {
  readonly shared: Import;
  readonly opsets: ReadonlyMap<string, number>;
  /** By domain and name. */
  readonly functions: ReadonlyMap<string, OnnxFunction>;
  /** How deep functions and graphs lie in each other. */
  readonly depth: number;
  /** Whether anything needs a value of the graph that is carried out. */
  readonly isRead: (name: string) => boolean;
}

/** Numbers of floating point as a weight; what is no such number is none. */
const trained = (value: Value): Value =>
  value.kind === "known" && isFloat(value.type) && value.isTrained !== true
    ? { ...value, isTrained: true }
    : value;

/** An initialiser: a weight. */
export const initial = (tensor: Message<"Tensor">, { files }: Import): Value =>
  trained(readTensor(tensor, files));

/** What a node gives; nothing where an operand could not be made. */
export interface Carried {
  readonly results: readonly Value[];
  /** Whether all of it was known at import. */
  readonly atImport: boolean;
}

/** As deep as files call: what calls itself has no end. */
const DEEPEST = 24;

/** @throws Refusal, UserError */
export function carryOut(node: OnnxNode, scope: Scope, context: Context): Carried {
  const inputs = node.inputs.map((name) => (name === "" ? undefined : scope(name)));
  while (inputs.length > 0 && inputs.at(-1) === undefined) inputs.pop();
  const call = new Call(node, context.opsets.get(node.domain) ?? 1, inputs, context.shared, {
    inner: (graph, given) => within(graph, given, scope, context),
    isRead: context.isRead,
  });
  const made = resultOf(call, context);
  call.requireAllRead();
  const list: readonly Value[] = Array.isArray(made) ? made : [made];
  const isTrained = inputs.some((v) => v?.kind === "known" && v.isTrained === true);
  const results =
    isTrained || (node.op === "Constant" && context.shared.constantsAreWeights) ? list.map(trained) : list;
  return { results, atImport: results.every((v) => v.kind === "known") };
}

function resultOf(call: Call, context: Context): Value | readonly Value[] {
  const { op, domain } = call.node;
  const own = context.functions.get(`${domain}:${op}`);
  if (own) return called(own, call, context);
  if (domain !== "") return unknown(call.node);
  const fold = Object.hasOwn(folds, op) ? folds[op] : undefined;
  const given = call.inputs.filter((v): v is Known => v?.kind === "known");
  const isKnown = given.length > 0 && call.inputs.every((v) => v === undefined || v.kind === "known");
  const folded = isKnown ? fold?.(call, given) : undefined;
  if (folded) return folded;
  const row = Object.hasOwn(rows, op) ? rows[op] : undefined;
  return row ? row(call) : unknown(call.node);
}

function unknown({ op, domain }: OnnxNode): never {
  return refuse(
    domain === "" ? `Weft has no ${op}` : `${op} is of the domain ${shown(domain)}, which is not ONNX's own`,
    domain === ""
      ? "an export that is made of other operators, or the model cut before it: outputs"
      : "an export of standard operators",
  );
}

const deeper = (context: Context): Context =>
  context.depth < DEEPEST
    ? { ...context, depth: context.depth + 1 }
    : refuse(`graphs lie ${DEEPEST} deep in each other`);

/** The outputs of a graph that is an attribute: it may read what the graph around it does. */
function within(
  proto: Message<"Graph">,
  given: readonly Value[],
  outer: Scope,
  context: Context,
): readonly Value[] {
  const graph = graphOf(proto, "nested");
  const names = graph.inputs.map((i) => i.name ?? "");
  return run(graph, new Map(given.map((value, i) => [names[i] ?? "", value])), outer, deeper(context));
}

/** A function of the file: its nodes, with the attributes of the call in place of those that it names. */
function called(own: OnnxFunction, call: Call, context: Context): readonly Value[] {
  const values = new Map<string, Value>();
  own.inputs.forEach((name, i) => {
    const value = call.inputs[i];
    if (value) values.set(name, value);
  });
  const attributes = new Map([...own.defaults, ...call.node.attributes]);
  for (const name of call.node.attributes.keys()) call.has(name);
  const nodes = own.nodes.map((node) => ({ ...node, attributes: filledIn(node.attributes, attributes) }));
  const graph: OnnxGraph = { nodes, initializers: new Map(), inputs: [], outputs: own.outputs };
  return run(graph, values, () => undefined, { ...deeper(context), opsets: own.opsets });
}

function filledIn(
  attributes: ReadonlyMap<string, Attribute>,
  given: ReadonlyMap<string, Attribute>,
): ReadonlyMap<string, Attribute> {
  return new Map(
    [...attributes].flatMap(([name, attribute]) => {
      if (!attribute.refAttrName) return [[name, attribute] as const];
      const value = given.get(attribute.refAttrName);
      return value ? [[name, value] as const] : [];
    }),
  );
}

/** What nodes of a graph read, and what it gives. */
export function readIn({ nodes, outputs }: OnnxGraph): (name: string) => boolean {
  const read = new Set([...outputs, ...nodes.flatMap(readsOf)]);
  return (name) => read.has(name);
}

/** All nodes of an inner graph: one that cannot be carried out is the whole that cannot. */
function run(graph: OnnxGraph, values: Map<string, Value>, outer: Scope, around: Context): readonly Value[] {
  const context: Context = { ...around, isRead: readIn(graph) };
  const scope: Scope = (name) => {
    const tensor = graph.initializers.get(name);
    if (tensor && !values.has(name)) values.set(name, initial(tensor, context.shared));
    return values.get(name) ?? outer(name);
  };
  for (const node of graph.nodes) {
    try {
      keep(node, carryOut(node, scope, context), values);
    } catch (error) {
      if (error instanceof Refusal) refuse(`in it, ${describe(node)}: ${error.message}`, error.fix);
      throw error;
    }
  }
  return graph.outputs.map((name) => scope(name) ?? refuse(`nothing gives its output ${shown(name)}`));
}

/** The results under the names that the node gives them. */
export function keep(node: OnnxNode, { results }: Carried, values: Map<string, Value>): void {
  node.outputs.forEach((name, i) => {
    const value = results[i];
    if (name === "" || !value) return;
    values.set(name, value.kind === "known" && value.name === undefined ? { ...value, name } : value);
  });
}
