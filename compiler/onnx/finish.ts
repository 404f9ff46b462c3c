/** From a record and its results to what an import gives: graph, text and weights, all under the same names. */
import type { Tensor } from "../../contract/tensor.ts";
import * as language from "../dsl/index.ts";
import { must } from "../errors.ts";
import { type Graph, mapGraph, type Node, ownNodes, topologicalOrder } from "../ir/graph.ts";
import { type Bodies, isUse, type Line, linesOf } from "./blocks/body.ts";
import { blocksOf } from "./blocks/index.ts";
import { codesOf } from "./blocks/params.ts";
import { type Keyed, type Naming, namingOf } from "./naming.ts";
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

export function finish({ name, about, statements, ...all }: Finish): Result {
  const outputs = [...all.outputs];
  const kept = outputs.map(([, ref]) => ref);
  const alive = needed(statements, kept);
  const inputs = [...all.inputs].filter(([, ref]) => alive.includes(ref.statement));
  const reads = new Set(alive.filter(({ args }) => args.some((arg) => refsIn(arg).length > 0)));
  const sources = alive.filter((statement) => !reads.has(statement));
  const bodies = blocksOf([...reads], new Set(kept));
  const codes = codesOf(bodies);
  const naming = namingOf({ bodies, codes, sources, inputs, outputs });
  const { names, weights } = numbersOf(sources, bodies, naming);
  return {
    graph: graphOf(name, inputs, outputs, names),
    source: modelText({ about, name, bodies, codes, sources, naming, inputs, outputs }),
    weights,
  };
}

/** The graph between inputs and outputs, its nodes under their names. */
function graphOf(name: string, inputs: Keyed, outputs: Keyed, names: ReadonlyMap<Node, string>): Graph {
  const tensors = (list: Keyed): Record<string, language.Tensor> =>
    Object.fromEntries(list.map(([key, ref]) => [key, ref.tensor]));
  const outs = tensors(outputs);
  const made = language.model(name, tensors(inputs), outs).graph;
  const originals = topologicalOrder(Object.values(outs).map((t) => t.node));
  const places = new Map(made.nodes.map((node, i) => [node, must(originals[i], "node of the record")]));
  return mapGraph(made, (node, before) => {
    const { trace: _, part: __, ...origin } = node.origin;
    return {
      ...node,
      origin: { ...origin, name: names.get(must(places.get(before), "node")) ?? origin.name },
    };
  });
}

/** Names of nodes, as a loaded model file gives them, and the numbers of its parameters. */
function numbersOf(
  sources: readonly Statement[],
  bodies: Bodies,
  { scopes, own }: Naming,
): { readonly names: ReadonlyMap<Node, string>; readonly weights: Readonly<Record<string, Tensor>> } {
  const names = new Map<Node, string>();
  const weights: Record<string, Tensor> = {};
  const weighed = new Set<Statement>();
  const give = (statement: Statement, { tensor: { node } }: Ref, called: string): void => {
    // Numbers that are part of the program are counted, whatever holds them.
    if (node.kind === "param" && node.init.kind === "data") return;
    names.set(node, called);
    if (node.kind === "op")
      for (const inner of ownNodes(node)) names.set(inner, names.get(inner) ?? `${called}.${inner.own}`);
    // Of several results the first has the layer's parameters.
    if (node.origin.part !== undefined && weighed.has(statement)) return;
    weighed.add(statement);
    for (const [role, { shape, data }] of statement.weights)
      weights[role === "" ? called : `${called}.${role}`] = { shape, data: data() };
  };
  /** What a call makes is called after the variable that holds it, and by its own name there. */
  const walk = (lines: readonly Line[], body: number, path: string): void => {
    lines.forEach((line, k) => {
      const called = scopes[body]?.lines[k] ?? [];
      if (isUse(line)) walk(linesOf(bodies, line), line.body, `${path}${called[0]}/`);
      else
        line.results.forEach((ref, i) => {
          if (called[i] !== undefined) give(line, ref, `${path}${called[i]}`);
        });
    });
  };
  for (const statement of sources)
    for (const ref of statement.results) give(statement, ref, own.get(statement) ?? "");
  walk(bodies[0]?.calls[0] ?? [], 0, "");
  return { names, weights };
}
