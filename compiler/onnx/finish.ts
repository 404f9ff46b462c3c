/** From a record and its results to what an import gives: graph, text and weights, all under the same names. */
import type { Tensor } from "../../contract/tensor.ts";
import type { Size } from "../../contract/type.ts";
import * as language from "../dsl/index.ts";
import { must } from "../errors.ts";
import { type Graph, mapGraph, type Node, ownNodes, topologicalOrder } from "../ir/graph.ts";
import { sizesIn } from "../ir/type.ts";
import { identifier, unique } from "./names.ts";
import { needed, type Ref, refsIn, type Statement } from "./recorder.ts";
import { modelText } from "./source.ts";

export interface Result {
  readonly graph: Graph;
  readonly source: string;
  readonly weights: Readonly<Record<string, Tensor>>;
}

export interface Finish {
  readonly name: string;
  readonly about: readonly string[];
  readonly statements: readonly Statement[];
  /** By the file's names. */
  readonly inputs: ReadonlyMap<string, Ref>;
  readonly outputs: ReadonlyMap<string, Ref>;
}

export function finish({ name, about, statements, inputs, outputs }: Finish): Result {
  const alive = needed(statements, [...outputs.values()]);
  const read = [...inputs].filter(([, ref]) => alive.includes(ref.statement));
  const naming = namesOf(alive, read, [...outputs]);
  const tensors = (list: readonly (readonly [string, Ref])[]): Record<string, language.Tensor> =>
    Object.fromEntries(list.map(([key, ref]) => [key, ref.tensor]));
  const [ins, outs] = [tensors(read), tensors([...outputs])];
  const made = language.model(name, ins, outs).graph;
  const originals = topologicalOrder(Object.values(outs).map((t) => t.node));
  const { names, weights } = numbersOf(alive, naming);
  const places = new Map(made.nodes.map((node, i) => [node, must(originals[i], "node of the record")]));
  const graph = mapGraph(made, (node, before) => {
    const { trace: _, part: __, ...origin } = node.origin;
    return {
      ...node,
      origin: { ...origin, name: names.get(must(places.get(before), "node")) ?? origin.name },
    };
  });
  const source = modelText({
    ...naming,
    name,
    about,
    statements: alive,
    inputs: read,
    outputs: [...outputs],
  });
  return { graph, source, weights };
}

type Keyed = readonly (readonly [key: string, ref: Ref])[];

interface Names {
  readonly variables: ReadonlyMap<Ref, string>;
  readonly own: ReadonlyMap<Statement, string>;
  readonly sizes: ReadonlyMap<Size, string>;
}

/** What an output is called, so is the variable that holds it, where no layer has a name by its weights. */
function namesOf(alive: readonly Statement[], inputs: Keyed, outputs: Keyed): Names {
  const name = unique(Object.keys(language));
  const keys = new Map(inputs.map(([key, ref]) => [ref.statement, key]));
  const wanted = new Map<Ref, string>();
  for (const [key, ref] of outputs) {
    const called = ref.statement.weights.size > 0 && ref.statement.hint !== "" ? "" : identifier(key);
    if (called !== "" && !wanted.has(ref) && !keys.has(ref.statement)) wanted.set(ref, called);
  }
  const sizes = new Map(
    sizesIn(inputs.map(([, ref]) => ref.tensor.node.type.shape)).map((size) => [
      size,
      name(identifier(size.name), "size"),
    ]),
  );
  const variables = new Map<Ref, string>();
  const own = new Map<Statement, string>();
  // Inputs and outputs first: they have the names that the file gives them.
  for (const [key, ref] of inputs) variables.set(ref, name(identifier(key), "input"));
  for (const [ref, called] of wanted) variables.set(ref, name(called, "output"));
  const used = new Set(alive.flatMap((s) => s.args).flatMap(refsIn));
  for (const statement of alive) {
    for (const ref of statement.results)
      if (!variables.has(ref) && (statement.results.length === 1 || used.has(ref)))
        variables.set(ref, name(statement.hint, statement.otherwise));
    const [first] = statement.results;
    const variable = (first && variables.get(first)) ?? "";
    own.set(statement, keys.get(statement) ?? variable);
  }
  return { variables, own, sizes };
}

/** Names of nodes, as a loaded model file gives them, and the numbers of its parameters. */
function numbersOf(
  alive: readonly Statement[],
  { variables, own }: Names,
): { readonly names: ReadonlyMap<Node, string>; readonly weights: Readonly<Record<string, Tensor>> } {
  const names = new Map<Node, string>();
  const weights: Record<string, Tensor> = {};
  for (const statement of alive) {
    for (const ref of statement.results) {
      const { node } = ref.tensor;
      const called = node.kind === "op" ? variables.get(ref) : own.get(statement);
      if (called === undefined) continue;
      names.set(node, called);
      if (node.kind === "op")
        for (const inner of ownNodes(node)) names.set(inner, names.get(inner) ?? `${called}.${inner.own}`);
      for (const [role, { shape, data }] of statement.weights)
        weights[role === "" ? called : `${called}.${role}`] = { shape, data: data() };
    }
  }
  return { names, weights };
}
