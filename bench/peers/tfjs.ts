/** TensorFlow.js, in its own layout (NHWC; weights [height, width, in, out]) and with its fused layers. */
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import type { Tensor as WeftTensor } from "../../runtime/index.ts";
import type { Activation, Layer } from "../layers.ts";
import type { Runner, Task } from "./task.ts";
import { LEARNING_RATE, STEPS_PER_RUN } from "./training.ts";

type Values = Map<string, tf.Tensor>;
type Weights = Readonly<Record<string, tf.Tensor>>;

const pads = ([top, bottom, left, right]: readonly number[]): tf.backend_util.ExplicitPadding => [
  [0, 0],
  [top ?? 0, bottom ?? 0],
  [left ?? 0, right ?? 0],
  [0, 0],
];
const pair = ([a = 1, b = 1]: readonly number[]): [number, number] => [a, b];

/** A picture [N, C, H, W] as [N, H, W, C], and anything else as it is. */
function toTf({ shape, data }: WeftTensor): tf.Tensor {
  const tensor = tf.tensor(data as Float32Array, [...shape]); // f32 in all rows
  return shape.length === 4 ? tf.tidy(() => tf.transpose(tensor, [0, 2, 3, 1])) : tensor;
}

/** The weights in TensorFlow's orders; those of a dense layer behind a flattened picture follow its order. */
function weightsFor(layers: readonly Layer[], given: Task["weights"]): Weights {
  const all: Record<string, tf.Tensor> = {};
  for (const layer of layers) {
    if (layer.op !== "conv" && layer.op !== "linear") continue;
    const { shape, data } = given[layer.weight] as WeftTensor; // the list names what is there
    const weight = tf.tensor(data as Float32Array, [...shape]);
    if (layer.bias) all[layer.bias] = tf.tensor1d((given[layer.bias] as WeftTensor).data as Float32Array);
    all[layer.weight] = tf.tidy(() => {
      if (layer.op === "linear") return tf.transpose(behindPicture(weight, layer, layers), [1, 0]);
      return layer.groups === 1 ? tf.transpose(weight, [2, 3, 1, 0]) : tf.transpose(weight, [2, 3, 0, 1]);
    });
  }
  return all;
}

function behindPicture(weight: tf.Tensor, layer: Layer, layers: readonly Layer[]): tf.Tensor {
  const before = layers.find(({ output, op }) => output === layer.inputs[0] && op === "flatten");
  const picture = before && layers.find(({ output }) => output === before.inputs[0])?.shape;
  if (picture?.length !== 4) return weight;
  const [, c = 1, h = 1, w = 1] = picture;
  const out = weight.shape[0] ?? 1;
  return tf.reshape(tf.transpose(tf.reshape(weight, [out, c, h, w]), [0, 2, 3, 1]), [out, c * h * w]);
}

const ACTIVATIONS: Record<Activation, (x: tf.Tensor) => tf.Tensor> = {
  relu: tf.relu,
  relu6: tf.relu6,
  sigmoid: tf.sigmoid,
};

/** One layer, its activation left out. The casts state the rank, which the list of layers determines. */
function plain(layer: Layer, x: tf.Tensor, second: tf.Tensor | undefined): tf.Tensor {
  const picture = x as tf.Tensor4D;
  switch (layer.op) {
    case "conv":
    case "linear":
      throw new Error("layers with weights are fused ones");
    case "matmul":
      return tf.matMul(x as tf.Tensor2D, second as tf.Tensor2D);
    case "add":
      return tf.add(x, second as tf.Tensor);
    case "maxPool":
      return tf.maxPool(picture, pair(layer.kernel), pair(layer.stride), pads(layer.padding));
    case "avgPool":
      return tf.avgPool(picture, pair(layer.kernel), pair(layer.stride), pads(layer.padding));
    case "globalAvgPool":
      return tf.mean(x, [1, 2], true);
    case "flatten":
      return tf.reshape(x, [x.shape[0] ?? 1, -1]);
  }
}

/** A layer and its activation; TensorFlow.js has no gradient of a fused sigmoid, so training does not `fuse` it. */
function apply(layer: Layer, values: Values, weights: Weights, fuse: boolean): tf.Tensor {
  const [x, second] = layer.inputs.map((name) => values.get(name));
  if (!x) throw new Error(`${layer.output} is computed before its operand`);
  const { activation } = layer;
  const after = (y: tf.Tensor): tf.Tensor => (activation ? ACTIVATIONS[activation](y) : y);
  if (layer.op !== "conv" && layer.op !== "linear") return after(plain(layer, x, second));
  const bias = layer.bias === undefined ? undefined : weights[layer.bias];
  const extras = { ...(bias && { bias }), ...(fuse && activation && { activation }) };
  const weight = weights[layer.weight] as tf.Tensor4D & tf.Tensor2D; // made with the rank its layer wants
  const y =
    layer.op === "linear"
      ? tf.fused.matMul({ a: x as tf.Tensor2D, b: weight, ...extras })
      : convolve(layer, x as tf.Tensor4D, weight, extras);
  return fuse ? y : after(y);
}

type Extras = { readonly bias?: tf.Tensor; readonly activation?: Activation };

function convolve(
  layer: Layer & { op: "conv" },
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  extras: Extras,
): tf.Tensor {
  const common = { x, filter, strides: pair(layer.stride), ...extras };
  if (layer.groups === 1) return tf.fused.conv2d({ ...common, pad: pads(layer.padding) });
  const [pad = 0] = layer.padding;
  if (layer.padding.some((p) => p !== pad)) throw new Error("TensorFlow.js pads depthwise layers evenly");
  return tf.fused.depthwiseConv2d({ ...common, pad });
}

/** `fuse`: whether activations are part of their layers. */
function forward(
  layers: readonly Layer[],
  output: string,
  inputs: Readonly<Record<string, tf.Tensor>>,
  weights: Weights,
  fuse = true,
): tf.Tensor {
  const values: Values = new Map(Object.entries(inputs));
  for (const layer of layers) values.set(layer.output, apply(layer, values, weights, fuse));
  return values.get(output) as tf.Tensor; // computed above
}

/** NHWC data as NCHW, where the result is a picture. */
function toNchw(data: Float32Array, shape: readonly number[]): Float32Array {
  if (shape.length !== 4) return data;
  const [n = 1, c = 1, h = 1, w = 1] = shape;
  const out = new Float32Array(data.length);
  for (let i = 0; i < n; i++)
    for (let o = 0; o < c; o++)
      for (let p = 0; p < h * w; p++) out[(i * c + o) * h * w + p] = data[(i * h * w + p) * c + o] ?? 0;
  return out;
}

export async function openTf(task: Task): Promise<Runner> {
  const { layers, output } = await task.layers();
  if (task.kind === "train") return openTraining(task, layers, output);
  const weights = weightsFor(layers, await task.foldedWeights());
  const shape = layers.at(-1)?.shape ?? [];
  // What is timed starts with arrays in the runtime's own layout.
  const host = await Promise.all(
    Object.entries(task.inputs).map(async ([name, value]) => {
      const tensor = toTf(value);
      return { name, shape: tensor.shape, data: (await tensor.data()) as Float32Array };
    }),
  );
  return {
    async run(times) {
      let last: Float32Array = new Float32Array();
      for (let i = 0; i < times; i++) {
        const result = tf.tidy(() => {
          const inputs = host.map(({ name, shape, data }) => [name, tf.tensor(data, shape)] as const);
          return forward(layers, output, Object.fromEntries(inputs), weights);
        });
        last = (await result.data()) as Float32Array; // f32 in all rows
        result.dispose();
      }
      return toNchw(last, shape);
    },
  };
}

function openTraining(task: Task, layers: readonly Layer[], output: string): Runner {
  const plain = weightsFor(layers, task.weights);
  const variables = Object.fromEntries(
    Object.entries(plain).map(([name, value]) => [name, tf.variable(value)]),
  );
  const { pixels, labels } = task.inputs;
  if (!pixels || !labels) throw new Error("no training data");
  const image = toTf({ shape: pixels.shape, data: Float32Array.from(pixels.data, (v) => v / 255) });
  const target = tf.oneHot(tf.tensor1d(Int32Array.from(labels.data), "int32"), 10);
  const optimizer = tf.train.sgd(LEARNING_RATE);
  const loss = (): tf.Scalar => {
    const logits = forward(layers, output, { image }, variables, false);
    return tf.neg(tf.mean(tf.sum(tf.mul(target, tf.logSoftmax(logits)), 1))) as tf.Scalar;
  };
  const step = (): tf.Scalar => optimizer.minimize(loss, true, Object.values(variables)) as tf.Scalar; // asked for
  const read = async (value: tf.Scalar): Promise<number> => {
    const [number = Number.NaN] = await value.data();
    value.dispose();
    return number;
  };
  return {
    async losses(steps) {
      const all: number[] = [];
      for (let i = 0; i < steps; i++) all.push(await read(step()));
      return all;
    },
    async run(steps) {
      if (steps % STEPS_PER_RUN) throw new Error(`steps come in multiples of ${STEPS_PER_RUN}`);
      for (let i = 1; i < steps; i++) step().dispose();
      return Float32Array.of(await read(step()));
    },
  };
}
