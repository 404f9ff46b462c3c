/** A model as an ONNX file: what was built or trained with Weft runs wherever ONNX does. */
import type { Tensor } from "../../../contract/tensor.ts";
import { checkWeights, type Weights } from "../../../contract/weights.ts";
import { plural, UserError } from "../../errors.ts";
import type { Graph, Node, OpNode } from "../../ir/graph.ts";
import type { OpName } from "../../ops/index.ts";
import { oneOf, otherwise, takes } from "../../options.ts";
import { constant, ELEMENT, numbers, type OnnxNode, type OnnxTensor, valueInfo } from "./message.ts";
import { opsetOf, translations } from "./operators.ts";
import { isNarrowed, opsetOfStorage, STORAGES, stored, type WeightStorage } from "./stored.ts";
import type { Translation } from "./translation.ts";
import { writeMessage } from "./write.ts";

/** The versions of the format and of its operators. */
const IR_VERSION = 8;
const IR_VERSION_OF_BLOCKS = 10; // of opset 21
const OPSET = 17; // the least
/** Nodes that a message names. */
const MOST_SHOWN = 5;

/**
 * The bytes of an ONNX file (opset 17, or a later one where a layer needs it): operators named after the layers, parameters inside as
 * initialisers by their names, constants as nodes, N and other sizes that a run decides as symbolic ones, whole numbers as they are declared. Importing it gives a
 * model with the same numbers.
 *
 * `storage` "f16" writes the weights of layers in half the bytes, "i8" and "i4" as whole numbers of which 32 have a scale (opset 21), in about a
 * quarter and an eighth. Biases, statistics and constants stay f32, in which all is computed.
 *
 * Throws `UserError` for layers that ONNX has no operators for (`defineOp`), and `WeftError` "weights" for weights that do not fit.
 */
export function exportOnnx(
  model: { readonly graph: Graph },
  weights: Weights,
  options: ExportOptions = {},
): Uint8Array<ArrayBuffer> {
  const { graph } = model;
  const { storage } = readOptions(options);
  refuseUnknown(graph);
  const params = graph.nodes.filter((n) => n.kind === "param");
  const values = checkWeights(
    params.map((node) => ({
      name: node.origin.name,
      dtype: node.type.dtype,
      shape: node.type.shape.map(Number),
      init: node.init, // weights need not hold constants
      ...(storage === "f16" && isNarrowed(node) ? { storage } : {}), // its range is small
    })),
    weights,
  );
  return writeGraph(graph, new Map(params.map((p, i) => [p, values[i] as Tensor["data"]])), storage); // one for each
}

/** How a model is written. */
export interface ExportOptions {
  /** The bits of its weights. Default "f32". */
  readonly storage?: WeightStorage;
}
const readOptions = takes("exportOnnx", { storage: otherwise<WeightStorage>(oneOf(STORAGES), "f32") });

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
  storage: WeightStorage = "f32",
): Uint8Array<ArrayBuffer> {
  const ops = graph.nodes.filter((n) => n.kind === "op");
  const narrow = storage !== "f32" && graph.nodes.some(isNarrowed) ? storage : undefined;
  const opset = Math.max(OPSET, opsetOfStorage(narrow ?? "f32"), ...ops.map(opsetOf));
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
    if (value && narrow && isNarrowed(node)) {
      const made = stored(nameOf(node), shape.map(Number), value, narrow, unique);
      initializers.push(...made.initializers);
      nodes.push(...made.nodes);
      names.set(node, made.name);
    } else if (value) {
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
    irVersion: opset >= 21 ? IR_VERSION_OF_BLOCKS : IR_VERSION,
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
