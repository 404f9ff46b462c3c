/** The bytes of a file as a graph of nodes, in an order in which each is computed after what it needs. */
import { UserError } from "../errors.ts";
import { shown } from "./numbers.ts";
import type { Message } from "./schema.ts";
import { readMessage } from "./wire.ts";

export type Attribute = Message<"Attribute">;

export interface OnnxNode {
  /** Its name in the file, which may be empty. */
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  /** Names of what it reads; "" where an operand is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, Message<"Tensor">>;
  /** What a run is given: no initialisers. */
  readonly inputs: readonly Message<"ValueInfo">[];
  readonly outputs: readonly string[];
}

/** A function of the file: an operator of its own. */
export interface OnnxFunction {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly OnnxNode[];
  readonly opsets: ReadonlyMap<string, number>;
  /** Attributes that a call may leave out. */
  readonly defaults: ReadonlyMap<string, Attribute>;
}

export interface OnnxModel {
  readonly name: string;
  /** `pytorch 2.4.0` */
  readonly producer: string;
  /** The version of each domain's operators; "" is ONNX's own. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly graph: OnnxGraph;
  /** By domain and name: `local:Block`. */
  readonly functions: ReadonlyMap<string, OnnxFunction>;
}

/** The operator sets that the table of rows is written for. */
export const OPSETS = { first: 7, last: 24 } as const;

/** @throws UserError for bytes that are no ONNX model, and for a graph that cannot be carried out in any order */
export function decode(bytes: Uint8Array): OnnxModel {
  const model = readMessage("Model", bytes);
  if (!model.graph)
    throw new UserError({
      problem: "this is no ONNX file: it has no graph",
      rule: "an ONNX file is a ModelProto in protocol buffers",
      fix: "the file as it was exported",
    });
  const opsets = opsetsOf(model.opsetImport);
  const opset = opsets.get("") ?? 1;
  if (!(opset >= OPSETS.first && opset <= OPSETS.last))
    throw new UserError({
      problem: `the file is of opset ${opset}`,
      rule: `opsets ${OPSETS.first} to ${OPSETS.last} are read`,
      fix: "torch.onnx.export(…, opset_version=17), or onnx.version_converter",
    });
  return {
    name: model.graph.name ?? "",
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(" "),
    opsets,
    graph: graphOf(model.graph),
    functions: new Map(model.functions.map((f) => [`${domainOf(f.domain)}:${f.name ?? ""}`, functionOf(f)])),
  };
}

const opsetsOf = (list: readonly Message<"OperatorSet">[]): ReadonlyMap<string, number> =>
  new Map(list.map((o) => [domainOf(o.domain), o.version ?? 1]));

function functionOf(f: Message<"Function">): OnnxFunction {
  return {
    inputs: f.input,
    outputs: f.output,
    nodes: sorted(f.node.map(nodeOf), new Set(f.input), "whole"),
    opsets: opsetsOf(f.opsetImport),
    defaults: new Map(f.attributeProto.map((a) => [a.name ?? "", a])),
  };
}

/** "ai.onnx" is another name of ONNX's own domain. */
const domainOf = (domain: string | undefined): string => (domain === "ai.onnx" ? "" : (domain ?? ""));

/** Whether a graph has all that it reads. */
type Kind = "whole" | "nested";

/** A graph of the file, or one within a node, which may read names of the graph around it. */
export function graphOf(graph: Message<"Graph">, kind: Kind = "whole"): OnnxGraph {
  if (graph.sparseInitializer.length > 0)
    throw new UserError({
      problem: "the file has sparse initialisers",
      rule: "weights are dense tensors",
      fix: "an export without sparse tensors",
    });
  const initializers = new Map(graph.initializer.map((t) => [t.name ?? "", t]));
  const inputs = graph.input.filter((i) => !initializers.has(i.name ?? ""));
  const nodes = graph.node.map(nodeOf);
  const given = new Set([...initializers.keys(), ...inputs.map((i) => i.name ?? "")]);
  return {
    nodes: sorted(nodes, given, kind),
    initializers,
    inputs,
    outputs: graph.output.map((o) => o.name ?? ""),
  };
}

export function nodeOf(node: Message<"Node">): OnnxNode {
  return {
    name: node.name ?? "",
    op: node.opType ?? "",
    domain: domainOf(node.domain),
    inputs: node.input,
    outputs: node.output,
    attributes: new Map(node.attribute.map((a) => [a.name ?? "", a])),
  };
}

/** `Conv "conv1"`, or by what it gives where it has no name. */
export const describe = ({ op, name, outputs }: OnnxNode): string =>
  `${op} ${shown(name || outputs[0] || "")}`;

/** All that a node reads: its operands, and what its graphs read of the graph around them. */
export const readsOf = (node: OnnxNode): readonly string[] => [...node.inputs, ...captured(node)];

function captured(node: OnnxNode): readonly string[] {
  return [...node.attributes.values()].flatMap(({ g }) =>
    g
      ? g.node
          .flatMap((inner) => [...inner.input, ...captured(nodeOf(inner))])
          .concat(g.output.map((o) => o.name ?? ""))
      : [],
  );
}

/** The nodes in the file's order where that works, else in one that does. Throws `UserError` where none does. */
function sorted(nodes: readonly OnnxNode[], given: ReadonlySet<string>, kind: Kind): readonly OnnxNode[] {
  const makers = new Map<string, OnnxNode>();
  for (const node of nodes)
    for (const name of node.outputs) {
      if (name === "") continue;
      if (given.has(name) || makers.has(name))
        throw new UserError({
          problem: `${describe(node)} gives ${shown(name)}, which there is already`,
          rule: "each name of a graph is given once",
        });
      makers.set(name, node);
    }
  const order: OnnxNode[] = [];
  const state = new Map<OnnxNode, "open" | "done">();
  for (const root of nodes) {
    const stack: { node: OnnxNode; needs: readonly string[]; next: number }[] = [];
    const enter = (node: OnnxNode): void => {
      state.set(node, "open");
      stack.push({ node, needs: readsOf(node), next: 0 });
    };
    if (!state.has(root)) enter(root);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const name = top.needs[top.next++];
      if (name === undefined) {
        state.set(top.node, "done");
        order.push(top.node);
        stack.pop();
        continue;
      }
      const maker = makers.get(name);
      if (!maker) {
        if (kind === "whole" && name !== "" && !given.has(name) && top.node.inputs.includes(name))
          throw new UserError({
            problem: `${describe(top.node)} reads ${shown(name)}, which nothing gives`,
            rule: "what a node reads is an input, an initialiser or what another node gives",
            fix: "the file as it was exported; is it truncated?",
          });
      } else if (!state.has(maker)) enter(maker);
      else if (state.get(maker) === "open")
        throw new UserError({
          problem: `the graph has a cycle: ${describe(maker)} needs ${describe(top.node)}, which needs it`,
          rule: "each node is computed from nodes before it",
        });
    }
  }
  return order;
}
