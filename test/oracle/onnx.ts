/** Runs a model graph through onnxruntime (CPU): a second opinion that is nobody's in this repository. */
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Graph, Node, OpNode } from "../../compiler/ir/graph.ts";
import { writeGraph } from "../../compiler/onnx/export/index.ts";
import { translations } from "../../compiler/onnx/export/operators.ts";
import { type Arrays, type NdArray, ndarray } from "./array.ts";
import { type Reference, type ReferenceOptions, reference } from "./compare.ts";
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
    reason: "onnxruntime wants output padding below the stride; Weft puts any number of places there",
    applies: ({ op, attrs }) =>
      op.name.startsWith("convTranspose") &&
      listOf(attrs, "outputPadding").some(
        (p, i) => p - (listOf(attrs, "padding")[2 * i + 1] ?? 0) >= (listOf(attrs, "stride")[i] ?? 1),
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
  const values = graph.nodes.flatMap((node): (readonly [Node, ArrayLike<number>])[] => {
    if (node.kind !== "param") return [];
    const value = params[node.origin.name];
    if (!value) throw new Error(`no value for parameter ${node.origin.name}`);
    return [[node, value.data]];
  });
  return writeGraph(graph, new Map(values));
}

const ELEMENTS = {
  f32: { type: "float32", array: Float32Array },
  i32: { type: "int32", array: Int32Array },
  u32: { type: "uint32", array: Uint32Array },
} as const;

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
    graph.inputs.map(({ name, node }) => {
      const value = inputs[name];
      if (!value) throw new Error(`no value for input ${name}`);
      const { type, array } = ELEMENTS[node.type.dtype];
      return [name, new Tensor(type, array.from(value.data), value.shape)];
    }),
  );
  const results = await session.run(feeds);
  await session.release();
  return Object.fromEntries(
    graph.outputs.map(({ name, node }, i) => {
      const value = results[session.outputNames[i] ?? ""];
      const { array } = ELEMENTS[node.type.dtype];
      if (!(value?.data instanceof array)) throw new Error(`onnxruntime gives no ${name} as ${array.name}`);
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
