/** Runs a model graph through onnxruntime (CPU): a second opinion that is nobody's in this repository. */
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Graph, Node, OpNode } from "../../compiler/ir/graph.ts";
import type { OpName } from "../../compiler/ops/index.ts";
import { showDim } from "../../contract/shapes.ts";
import type { Shape } from "../../contract/type.ts";
import { type Arrays, type NdArray, ndarray } from "./array.ts";
import { type Reference, type ReferenceOptions, reference } from "./compare.ts";
import { translations } from "./onnx-ops.ts";
import { encodeModel, floatTensor, type OnnxNode, type OnnxTensor, valueInfo } from "./onnx-proto.ts";
import type { Translation } from "./onnx-translation.ts";
import { listOf } from "./op.ts";
import { evaluate, type Meaning } from "./oracle.ts";
import { each, gelu } from "./pointwise.ts";
import { axesOf, coordinateOf } from "./resize.ts";
import { type Sliding, slidings } from "./windows.ts";

/** Cases that onnxruntime computes by another rule: they are compared with the naive oracle alone. */
export interface Exception {
  readonly name: string;
  readonly reason: string;
  applies(node: OpNode): boolean;
}

export const exceptions: readonly Exception[] = [
  {
    name: "an op of the model file",
    reason: "onnxruntime knows no ops of one's own",
    applies: (node) => !Object.hasOwn(translations, node.op.name),
  },
  {
    name: "gather of each example behind other axes",
    reason: "GatherND reads along the axis after the batch alone",
    applies: ({ op, attrs, inputs }) =>
      op.name === "gather" &&
      inputs.every((n) => n.type.shape[0] === "N") &&
      attrs["axis"] !== null &&
      attrs["axis"] !== 1,
  },
  {
    name: "a local response of other than pictures, or of an even number of channels",
    reason: "onnxruntime has neither",
    applies: ({ op, attrs, type }) =>
      op.name === "localResponseNorm" && (type.shape.length !== 4 || Number(attrs["size"]) % 2 === 0),
  },
  {
    name: "output padding of a stride or more",
    reason:
      "onnxruntime wants output padding below the stride or the dilation; Weft puts any number of places there",
    applies: ({ op, attrs }) =>
      op.name.startsWith("convTranspose") &&
      listOf(attrs, "outputPadding").some(
        (p, i) => p >= Math.max(listOf(attrs, "stride")[i] ?? 1, listOf(attrs, "dilation")[i] ?? 1),
      ),
  },
  {
    name: "what has no batch, repeated for each example",
    reason: "ONNX's Expand takes a shape of numbers",
    applies: ({ op, type, inputs }) =>
      op.name === "expand" && type.shape[0] === "N" && inputs[0]?.type.shape[0] !== "N",
  },
  {
    name: "a coordinate halfway between elements",
    reason: "onnxruntime computes coordinates in f32, which falls to one side or the other",
    applies: ({ op, attrs, inputs: [x] }) =>
      op.name === "resize" &&
      attrs["mode"] === "nearest" &&
      axesOf(attrs, (x?.type.shape ?? []).map(Number)).some(
        (a) =>
          !Number.isInteger(a.factor) &&
          Array.from({ length: a.out }, (_, o) => 2 * coordinateOf(attrs["coordinates"], o, a)).some(
            (at) => Math.abs(at - Math.round(at)) < 1e-4,
          ),
      ),
  },
  {
    name: "resizing that onnxruntime does not know",
    reason: "onnxruntime has cubic of pictures alone, and linear of no more than three axes",
    applies: ({ op, attrs, type }) =>
      op.name === "resize" && attrs["mode"] === "cubic" && type.shape.length !== 4,
  },
  {
    name: "ceilMode with a window in the trailing padding",
    reason:
      "with ceilMode, ONNX's shape inference counts a last window that starts in the trailing padding; Weft, like PyTorch, leaves it out",
    applies: (node) =>
      node.attrs["ceilMode"] === true &&
      windowsOf(node).some(({ n, w }) => {
        const free = n + w.before + w.after - w.dilation * (w.kernel - 1) - 1;
        return Math.ceil(free / w.stride) + 1 !== w.count;
      }),
  },
];

function windowsOf(node: OpNode): readonly { readonly n: number; readonly w: Sliding }[] {
  const sizes = (node.inputs[0]?.type.shape ?? []).slice(2).map(Number);
  return slidings(node.attrs, sizes).map((w, i) => ({ n: sizes[i] ?? 0, w }));
}

/** Why a graph cannot be compared with onnxruntime; undefined where it can. */
export function exceptionFor(graph: Graph): Exception | undefined {
  for (const node of graph.nodes) {
    if (node.kind !== "op") continue;
    const found = exceptions.find((e) => e.applies(node));
    if (found) return found;
  }
  return undefined;
}

/** The graph as an ONNX model with the parameters inside; N is a symbolic size. */
export function toOnnx(graph: Graph, params: Arrays): Uint8Array {
  const names = new Map<Node, string>();
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const constant = (make: (name: string) => OnnxTensor): string => {
    const tensor = make(`constant${initializers.length}`);
    initializers.push(tensor);
    return tensor.name;
  };
  const emitAll: Translation["emitAll"] = (opType, input, count, ...attribute) => {
    const name = `value${nodes.length}`;
    const output = Array.from({ length: count }, (_, i) => (i === 0 ? name : `${name}_${i}`));
    nodes.push({ opType, name, input, output, attribute });
    return output;
  };
  const emit: Translation["emit"] = (opType, input, ...attribute) =>
    emitAll(opType, input, 1, ...attribute)[0] ?? "";
  const nameOf = (node: Node): string => {
    const name = names.get(node);
    if (name === undefined) throw new Error(`${node.origin.name} is used before it is computed`);
    return name;
  };
  for (const { name, node } of graph.inputs) names.set(node, name);
  for (const node of graph.nodes) {
    if (node.kind === "param") {
      const value = params[node.origin.name];
      if (!value) throw new Error(`no value for parameter ${node.origin.name}`);
      names.set(
        node,
        constant((name) => floatTensor(name, value.shape, value.data)),
      );
    } else if (node.kind === "const") {
      names.set(
        node,
        constant((name) => floatTensor(name, [], [node.value])),
      );
    } else if (node.kind === "op") {
      const translate = translations[node.op.name as OpName]; // checked below
      if (!translate) throw new Error(`no ONNX operator for ${node.op.name}`);
      names.set(node, translate({ node, inputs: node.inputs.map(nameOf), emit, emitAll, constant }));
    }
  }
  // An output has a name of its own, even where it is an input or another output's value.
  graph.outputs.forEach(({ node }, i) => {
    nodes.push({
      opType: "Identity",
      name: `output${i}`,
      input: [nameOf(node)],
      output: [`output${i}`],
      attribute: [],
    });
  });
  return encodeModel({
    name: "model",
    node: nodes,
    initializer: initializers,
    input: graph.inputs.map(({ name, node }) => valueInfo(name, named(node.type.shape))),
    output: graph.outputs.map(({ node }, i) => valueInfo(`output${i}`, named(node.type.shape))),
  });
}

/** Computes the outputs of a graph with onnxruntime, in f32. Throws where onnxruntime refuses the model. */
export async function runOnnx(
  graph: Graph,
  inputs: Arrays,
  params: Arrays,
): Promise<Record<string, NdArray>> {
  const session = await InferenceSession.create(toOnnx(graph, params), {
    executionProviders: ["cpu"],
    // As written: the optimiser folds Pad into pools that then refuse it.
    graphOptimizationLevel: "disabled",
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const feeds = Object.fromEntries(
    graph.inputs.map(({ name }) => {
      const value = inputs[name];
      if (!value) throw new Error(`no value for input ${name}`);
      return [name, new Tensor("float32", Float32Array.from(value.data), value.shape)];
    }),
  );
  const results = await session.run(feeds);
  await session.release();
  return Object.fromEntries(
    graph.outputs.map(({ name }, i) => {
      const value = results[`output${i}`];
      if (!value || !(value.data instanceof Float32Array)) throw new Error(`onnxruntime gives no ${name}`);
      return [name, ndarray(value.dims, value.data)];
    }),
  );
}

/** What onnxruntime's sigmoid, tanh and erf may be off by, as a share of the largest element. */
const ABSOLUTE = 1e-7;

/**
 * onnxruntime computes gelu as x/2 · (1 + erf(x/√2)). Where erf is near −1 the sum has an absolute error of 2⁻²⁵, so that
 * the left tail is off by that share of x: an eighth of it here, since a floor is eight times what is seen.
 */
const tailOfGelu: Meaning = (op) => each(op, (x) => gelu(x) + Math.abs(x) * 2 ** -29);

/** onnxruntime's outputs, with floors that allow for its own errors. */
export async function onnxReference(
  graph: Graph,
  inputs: Arrays,
  params: Arrays,
  options: Omit<ReferenceOptions, "absolute"> = {},
): Promise<Record<string, Reference>> {
  const { exact = evaluate(graph, inputs, params, options), custom, samples } = options;
  const floors = reference(graph, inputs, params, {
    exact,
    custom: { gelu: tailOfGelu, ...custom },
    absolute: ABSOLUTE,
    ...(samples === undefined ? {} : { samples }),
  });
  const results = await runOnnx(graph, inputs, params);
  return Object.fromEntries(
    Object.entries(results).map(([name, value]) => [name, { value, floor: floors[name]?.floor ?? 0 }]),
  );
}

const named = (shape: Shape): readonly (number | string)[] =>
  shape.map((d) => (typeof d === "number" ? d : showDim(d)));
