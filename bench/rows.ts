/** What is measured: graphs with seeded weights and inputs, the same for every runtime. */
import { conv2d, input, type Model, matmul, model } from "weftgpu";
import type { Graph } from "../compiler/ir/graph.ts";
import type { Init } from "../contract/program.ts";
import { type Shape, shapeAt } from "../contract/type.ts";
import type { Weights } from "../runtime/index.ts";
import { noise } from "./numbers.ts";

export interface Row {
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly kind: "forward" | "train";
  readonly batch: number;
  /** Multiply-adds of the forward pass of the whole batch, where a rate is worth showing. */
  readonly multiplyAdds?: number;
  graph(): Promise<Graph>;
}

const operation = (name: string, title: string, multiplyAdds: number, made: () => Model): Row => ({
  name,
  title,
  kind: "forward",
  batch: 1,
  multiplyAdds,
  graph: async () => made().graph,
});

function product(size: number): Row {
  return operation(`matmul-${size}`, `matmul ${size}³`, size ** 3, () => {
    const [a, b] = [input("a", [size, size]), input("b", [size, size])];
    return model("product", { a, b }, { c: matmul(a, b) }) as Model; // the shapes do not matter here
  });
}

function convolution(
  name: string,
  title: string,
  channels: number,
  out: number,
  size: number,
  more: { kernel: number; groups?: number },
): Row {
  const { kernel, groups = 1 } = more;
  return operation(name, title, (channels / groups) * out * (size * kernel) ** 2, () => {
    const x = input("x", [1, channels, size, size]);
    return model(
      "convolution",
      { x },
      { y: conv2d(x, { out, padding: kernel >> 1, bias: false, kernel, groups }) },
    ) as Model;
  });
}

const graphOf = async (file: Promise<{ default: { graph: Graph } }>): Promise<Graph> =>
  (await file).default.graph;
const lenet = (): Promise<Graph> => graphOf(import("../models/lenet.ts"));

export const rows: readonly Row[] = [
  { name: "lenet-1", title: "LeNet, N=1", kind: "forward", batch: 1, graph: lenet },
  { name: "lenet-256", title: "LeNet, N=256", kind: "forward", batch: 256, graph: lenet },
  { name: "lenet-train-256", title: "LeNet training step, N=256", kind: "train", batch: 256, graph: lenet },
  product(512),
  product(1024),
  convolution("conv3x3", "conv 64→64 3×3 on 56×56", 64, 64, 56, { kernel: 3 }),
  convolution("conv1x1", "conv 256→256 1×1 on 28×28", 256, 256, 28, { kernel: 1 }),
  convolution("depthwise", "depthwise 144 3×3 on 56×56", 144, 144, 56, { kernel: 3, groups: 144 }),
  {
    name: "resnet18",
    title: "ResNet-18, N=1",
    kind: "forward",
    batch: 1,
    graph: () => graphOf(import("../models/resnet18.ts")),
  },
  {
    name: "mobilenetv2",
    title: "MobileNetV2, N=1",
    kind: "forward",
    batch: 1,
    graph: () => graphOf(import("../models/mobilenetv2.ts")),
  },
];

/** Numbers that keep activations of deep models near 1; statistics of normalisations are those of noise. */
function fill(init: Init, length: number, seed: number): Float32Array {
  const spread = (half: number): Float32Array => noise(length, seed).map((v) => v * half);
  switch (init.kind) {
    case "zeros":
    case "given":
      return spread(0.1);
    case "ones":
      return noise(length, seed).map((v) => 1 + v / 4);
    case "constant":
      return new Float32Array(length).fill(init.value);
    case "data":
      return Float32Array.from(init.values);
    case "xavierUniform":
    case "xavierNormal":
      return spread(Math.sqrt(6 / (init.fanIn + init.fanOut)));
    case "kaimingUniform":
    case "kaimingNormal":
      return spread(Math.sqrt(6 / init.fanIn));
    case "uniform":
      return noise(length, seed).map((v) => init.low + ((v + 1) / 2) * (init.high - init.low));
  }
}

const count = (shape: Shape, batch: number): number => shapeAt(shape, batch).reduce((a, d) => a * d, 1);
const sizes = (shape: Shape, batch: number): number[] => shapeAt(shape, batch);

/** Values of all parameters, by the model's names. */
export function weightsOf(graph: Graph): Weights {
  const params = graph.nodes.filter((node) => node.kind === "param");
  return Object.fromEntries(
    params.map(({ origin, type, init }, i) => {
      const shape = sizes(type.shape, 1);
      return [origin.name, { shape, data: fill(init, count(shape, 1), 100 + i) }];
    }),
  );
}

/** Values of all inputs. */
export function inputsOf(graph: Graph, batch: number): Weights {
  return Object.fromEntries(
    graph.inputs.map(({ name, node }, i) => {
      const shape = sizes(node.type.shape, batch);
      return [name, { shape, data: noise(count(shape, 1), 50 + i) }];
    }),
  );
}
