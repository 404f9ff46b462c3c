/** jax-js on WebGPU: everything in one `jit`. Every use of an array but its last takes a `.ref`. */
import { defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import type { Tensor } from "../../runtime/index.ts";
import type { Activation, Layer } from "../layers.ts";
import { serve } from "./host.ts";
import type { Runner, Task } from "./task.ts";
import { LEARNING_RATE, STEPS_PER_RUN } from "./training.ts";
import { installWebGpu } from "./webgpu.ts";

type Arrays = Record<string, np.Array>;

const toJax = ({ shape, data }: Tensor): np.Array =>
  np.array(data as Float32Array<ArrayBuffer>, { shape: [...shape] }); // f32 in all rows
const toArrays = (tensors: Task["weights"]): Arrays =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, toJax(tensor)]));

const ACTIVATIONS: Record<Activation, (x: np.Array) => np.Array> = {
  relu: nn.relu,
  relu6: nn.relu6,
  sigmoid: nn.sigmoid,
};

const around = ([top = 0, bottom = 0, left = 0, right = 0]: readonly number[]): [number, number][] => [
  [top, bottom],
  [left, right],
];

/** Pads with zeros: right for means, and for maxima of what is not negative, as after `relu`. */
const padded = (x: np.Array, padding: readonly number[]): np.Array =>
  padding.some((p) => p > 0) ? np.pad(x, [[0, 0], [0, 0], ...around(padding)]) : x;

function biased(y: np.Array, bias: np.Array | undefined, shape: number[]): np.Array {
  return bias ? y.add(bias.reshape(shape)) : y;
}

function apply(
  layer: Layer,
  inputs: readonly np.Array[],
  weight: (name: string | undefined) => np.Array | undefined,
): np.Array {
  const [x, second] = inputs;
  if (!x) throw new Error("a layer without an operand");
  switch (layer.op) {
    case "conv": {
      const filter = weight(layer.weight) as np.Array; // the list names what is there
      const y = lax.convGeneralDilated(x, filter, [...layer.stride], around(layer.padding), {
        featureGroupCount: layer.groups,
      });
      return biased(y, weight(layer.bias), [1, -1, 1, 1]);
    }
    case "linear":
      return biased(
        np.matmul(x, (weight(layer.weight) as np.Array).transpose()),
        weight(layer.bias),
        [1, -1],
      ); // as above
    case "matmul":
      return np.matmul(x, second as np.Array); // two operands
    case "add":
      return x.add(second as np.Array); // as above
    case "maxPool":
      return lax.reduceWindow(padded(x, layer.padding), np.max, [...layer.kernel], [...layer.stride]);
    case "avgPool":
      return lax.reduceWindow(padded(x, layer.padding), np.mean, [...layer.kernel], [...layer.stride]);
    case "globalAvgPool":
      return np.mean(x, [2, 3], { keepdims: true });
    case "flatten":
      return x.reshape([...layer.shape]);
  }
}

/** Consumes the inputs and the weights. */
function forward(layers: readonly Layer[], output: string, inputs: Arrays, weights: Arrays): np.Array {
  const values = new Map(Object.entries(inputs));
  const uses = new Map<string, number>();
  for (const { inputs: names } of layers) for (const name of names) uses.set(name, (uses.get(name) ?? 0) + 1);
  const take = (name: string): np.Array => {
    const value = values.get(name);
    if (!value) throw new Error(`${name} is used before it is computed`);
    const left = (uses.get(name) ?? 1) - 1;
    uses.set(name, left);
    return left > 0 ? value.ref : value;
  };
  for (const layer of layers) {
    const y = apply(layer, layer.inputs.map(take), (name) =>
      name === undefined ? undefined : weights[name],
    );
    values.set(layer.output, layer.activation ? ACTIVATIONS[layer.activation](y) : y);
  }
  return take(output);
}

const refs = (arrays: Arrays): Arrays => tree.ref(arrays);

async function openForward(task: Task): Promise<Runner> {
  const { layers, output } = await task.layers();
  const used = new Set(layers.flatMap((l) => ("weight" in l ? [l.weight, l.bias ?? ""] : [])));
  const folded = Object.entries(await task.foldedWeights()).filter(([name]) => used.has(name));
  const weights = toArrays(Object.fromEntries(folded));
  const compiled = jit((inputs: Arrays, w: Arrays) => forward(layers, output, inputs, w));
  return {
    async run(times) {
      let last = new Float32Array();
      for (let i = 0; i < times; i++)
        last = (await compiled(toArrays(task.inputs), refs(weights)).data()) as Float32Array<ArrayBuffer>; // as above
      return last;
    },
  };
}

async function openTraining(task: Task): Promise<Runner> {
  const { layers, output } = await task.layers();
  const { pixels, labels } = task.inputs;
  if (!pixels || !labels) throw new Error("no training data");
  const image = toJax({ shape: pixels.shape, data: Float32Array.from(pixels.data, (v) => v / 255) });
  const classes = Float32Array.from({ length: task.batch * 10 }, (_, i) =>
    labels.data[Math.floor(i / 10)] === i % 10 ? 1 : 0,
  );
  const target = toJax({ shape: [task.batch, 10], data: classes });
  const loss = (w: Arrays, x: np.Array, t: np.Array): np.Array =>
    nn
      .logSoftmax(forward(layers, output, { image: x }, w))
      .mul(t)
      .sum()
      .mul(-1 / task.batch);
  const step = jit((w: Arrays, x: np.Array, t: np.Array): [Arrays, np.Array] => {
    const [value, gradient] = valueAndGrad(loss)(refs(w), x, t);
    const next = Object.entries(w).map(
      ([name, v]) => [name, v.sub((gradient as Arrays)[name]?.mul(LEARNING_RATE) as np.Array)] as const,
    );
    return [Object.fromEntries(next), value];
  });
  let weights = toArrays(task.weights);
  const once = (): np.Array => {
    const [next, value] = step(weights, image.ref, target.ref);
    weights = next as Arrays; // its structure is that of the argument
    return value as np.Array; // likewise
  };
  const read = async (value: np.Array): Promise<number> => Number((await value.data())[0]);
  return {
    async losses(steps) {
      const all: number[] = [];
      for (let i = 0; i < steps; i++) all.push(await read(once()));
      return all;
    },
    async run(steps) {
      if (steps % STEPS_PER_RUN) throw new Error(`steps come in multiples of ${STEPS_PER_RUN}`);
      for (let i = 1; i < steps; i++) once().dispose();
      return Float32Array.of(await read(once()));
    },
  };
}

await serve(async (task) => {
  installWebGpu();
  if (!(await init("webgpu")).includes("webgpu")) throw new Error("jax-js refuses this WebGPU");
  defaultDevice("webgpu");
  return task.kind === "train" ? openTraining(task) : openForward(task);
});
