/** A model as an ONNX file: what was built or trained with Weft runs wherever ONNX does. */
import type { Tensor } from "../../../contract/tensor.ts";
import { checkWeights, type Weights } from "../../../contract/weights.ts";
import { plural, UserError } from "../../errors.ts";
import type { Graph, Node, OpNode } from "../../ir/graph.ts";
import type { OpName } from "../../ops/index.ts";
import { constant, ELEMENT, numbers, type OnnxNode, type OnnxTensor, valueInfo } from "./message.ts";
import { opsetOf, translations } from "./operators.ts";
import type { Translation } from "./translation.ts";
import { writeMessage } from "./write.ts";

/** The versions of the format and of its operators. */
const IR_VERSION = 8;
const OPSET = 17; // the least
/** Nodes that a message names. */
const MOST_SHOWN = 5;

/**
 * The bytes of an ONNX file (opset 17, or a later one where a layer needs it): operators named after the layers, parameters inside as
 * initialisers by their names, constants as nodes, N and other sizes that a run decides as symbolic ones, whole numbers as they are declared. Importing it gives a
 * model with the same numbers.
 *
 * Throws `UserError` for layers that ONNX has no operators for (`defineOp`), and `WeftError` "weights" for weights that do not fit.
 */
export function exportOnnx(model: { readonly graph: Graph }, weights: Weights): Uint8Array<ArrayBuffer> {
  const { graph } = model;
  refuseUnknown(graph);
  const params = graph.nodes.filter((n) => n.kind === "param");
  const values = checkWeights(
    params.map(({ origin: { name }, type: { dtype, shape }, init }) => ({
      name,
      dtype,
      shape: shape.map(Number),
      init, // weights need not hold constants
    })),
    weights,
  );
  return writeGraph(graph, new Map(params.map((p, i) => [p, values[i] as Tensor["data"]]))); // one for each
}

function refuseUnknown({ nodes, name }: Graph): void {
  const unknown = nodes.filter(
    (n): n is OpNode => n.kind === "op" && !Object.hasOwn(translations, n.op.name),
  );
  const [first] = unknown;
  if (!first) return;
  const shown = unknown.slice(0, MOST_SHOWN).map((n) => `${n.origin.name} (${n.op.name})`);
  const more = unknown.length - shown.length;
  throw new UserError({
    problem: `${name}: ${unknown.length} ${plural(unknown.length, "layer")} cannot be exported: ${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`,
    rule: "ONNX has no operator for an op of one's own",
    fix: "an op of Weft in its place, or several",
    ...(first.origin.at && { at: first.origin.at }),
  });
}

/** `values`: of each parameter, row by row. */
export function writeGraph(
  graph: Graph,
  values: ReadonlyMap<Node, ArrayLike<number>>,
): Uint8Array<ArrayBuffer> {
  const ops = graph.nodes.filter((n) => n.kind === "op");
  const opset = Math.max(OPSET, ...ops.map(opsetOf));
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const used = new Set<string>();
  const unique = (wanted: string): string => {
    let name = wanted;
    for (let i = 2; used.has(name); i++) name = `${wanted}_${i}`;
    used.add(name);
    return name;
  };
  const made = new Map<string, unknown>();
  const once = <T>(key: string, make: () => T): T => {
    if (!made.has(key)) made.set(key, make());
    return made.get(key) as T; // whoever has the key makes the same
  };
  const names = new Map<Node, string>();
  for (const { name, node } of graph.inputs) names.set(node, unique(name));
  // What the host asks for has its name; a value that is asked for twice, or an input, is handed on below.
  for (const { name, node } of graph.outputs)
    if (node.kind === "op" && !names.has(node)) names.set(node, unique(name));
  const nameOf = (node: Node): string => {
    // A path's last part would be taken for the operator: `fc1/sigmoid` is the sigmoid of fc1.
    const name =
      names.get(node) ??
      unique(node.kind === "op" ? node.origin.name.replaceAll("/", "_") : node.origin.name);
    names.set(node, name);
    return name;
  };
  for (const node of graph.nodes) {
    const value = node.kind === "const" ? [node.value] : values.get(node);
    const { shape, dtype } = node.type;
    if (value) {
      const tensor = numbers(nameOf(node), dtype, shape.map(Number), value);
      // Initialisers are weights: what no training changes is a node.
      if (node.kind === "const" || (node.kind === "param" && node.use === "constant"))
        nodes.push(constant(tensor));
      else initializers.push(tensor);
    } else if (node.kind === "op") {
      const last = nodes.length;
      const result = translated(node, { opset, inputs: node.inputs.map(nameOf), once }, nodes, unique);
      rename(nodes, last, result, nameOf(node));
    }
  }
  const outputs = graph.outputs.map(({ name, node }) => {
    if (nameOf(node) === name) return valueInfo(name, node.type.shape, ELEMENT[node.type.dtype]);
    const own = unique(name);
    nodes.push({ opType: "Identity", name: own, input: [nameOf(node)], output: [own] });
    return valueInfo(own, node.type.shape, ELEMENT[node.type.dtype]);
  });
  return writeMessage("Model", {
    irVersion: IR_VERSION,
    producerName: "weftgpu",
    opsetImport: [{ domain: "", version: opset }],
    graph: {
      name: graph.name,
      node: nodes,
      initializer: initializers,
      input: graph.inputs.map(({ node }) =>
        valueInfo(nameOf(node), node.type.shape, ELEMENT[node.type.dtype]),
      ),
      output: outputs,
    },
  });
}

/** Adds an op's operators; gives the name of its result. */
function translated(
  node: OpNode,
  given: Pick<Translation, "opset" | "inputs" | "once">,
  nodes: OnnxNode[],
  unique: (wanted: string) => string,
): string {
  const own = node.origin.name;
  const emitAll: Translation["emitAll"] = (opType, input, count, ...attribute) => {
    const name = unique(`${own}/${opType}`);
    const output = Array.from({ length: count }, (_, i) => (i === 0 ? name : unique(`${name}_${i}`)));
    nodes.push({ opType, name, input, output, attribute });
    return output;
  };
  return translations[node.op.name as OpName]({
    node,
    ...given,
    emitAll,
    emit: (opType, input, ...attribute) => emitAll(opType, input, 1, ...attribute)[0] ?? "",
    constant(make) {
      const tensor = make(unique(`${own}/constant`));
      nodes.push(constant(tensor));
      return tensor.name;
    },
  });
}

/** What operators from `first` on call `from` is called `to`; where none makes it, it is handed on. */
function rename(nodes: OnnxNode[], first: number, from: string, to: string): void {
  const made = nodes.findIndex((n, i) => i >= first && n.output?.includes(from));
  if (made < 0) {
    nodes.push({ opType: "Identity", name: to, input: [from], output: [to] });
    return;
  }
  const put = (names: readonly string[] = []): readonly string[] => names.map((n) => (n === from ? to : n));
  for (let i = first; i < nodes.length; i++) {
    const { input, output, name, ...others } = nodes[i] as OnnxNode; // within the list
    nodes[i] = { ...others, name: name === from ? to : (name ?? ""), input: put(input), output: put(output) };
  }
}
