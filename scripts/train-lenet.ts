/**
 * Trains LeNet on Fashion-MNIST with plain loops, no GPU and no framework, and writes the safetensors file
 * that `npm start` classifies its pictures with. Takes a while: about a minute an epoch on one core.
 *
 *   node scripts/run.mjs scripts/train-lenet.ts <folder with the four IDX .gz files> <out.safetensors> [epochs]
 *
 * Deterministic: the same data gives the same bytes.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

const BATCH = 64;
const LEARNING_RATE = 2e-3;

/** mulberry32, a 32-bit generator in the public domain (Tommy Ettinger). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
const random = generator(20);

/** A parameter with its gradient and Adam's two moments. */
class Parameter {
  readonly shape: readonly number[];
  readonly value: Float32Array;
  readonly grad: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
  constructor(shape: readonly number[], fanIn: number, fanOut: number) {
    this.shape = shape;
    const size = shape.reduce((a, b) => a * b, 1);
    this.value = new Float32Array(size);
    this.grad = new Float32Array(size);
    this.first = new Float32Array(size);
    this.second = new Float32Array(size);
    const bound = fanIn + fanOut === 0 ? 0 : Math.sqrt(6 / (fanIn + fanOut));
    for (let i = 0; i < size; i++) this.value[i] = (2 * random() - 1) * bound;
  }
}

function step(p: Parameter, rate: number, t: number): void {
  const { value, grad, first, second } = p;
  const scale = (rate * Math.sqrt(1 - 0.999 ** t)) / (1 - 0.9 ** t);
  for (let i = 0; i < value.length; i++) {
    const g = (grad[i] ?? 0) / BATCH;
    const m = 0.9 * (first[i] ?? 0) + 0.1 * g;
    const v = 0.999 * (second[i] ?? 0) + 0.001 * g * g;
    first[i] = m;
    second[i] = v;
    value[i] = (value[i] ?? 0) - (scale * m) / (Math.sqrt(v) + 1e-8);
    grad[i] = 0;
  }
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** A valid 5×5 convolution, sigmoid, and 2×2 average pooling of one picture. */
class ConvBlock {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly active: Float32Array;
  readonly pooled: Float32Array;
  private readonly inC: number;
  private readonly outC: number;
  private readonly size: number;
  private readonly out: number;
  private readonly slope: Float32Array;
  constructor(inC: number, outC: number, size: number) {
    this.inC = inC;
    this.outC = outC;
    this.size = size;
    this.out = size - 4;
    this.weight = new Parameter([outC, inC, 5, 5], inC * 25, outC * 25);
    this.bias = new Parameter([outC], 0, 0);
    this.active = new Float32Array(outC * this.out * this.out);
    this.slope = new Float32Array(this.active.length);
    this.pooled = new Float32Array((outC * this.out * this.out) / 4);
  }

  forward(input: Float32Array): Float32Array {
    const { inC, outC, size, out, active, pooled } = this;
    const w = this.weight.value;
    for (let oc = 0; oc < outC; oc++) {
      const plane = oc * out * out;
      active.fill(this.bias.value[oc] ?? 0, plane, plane + out * out);
      for (let row = 0; row < inC * 5; row++) {
        const at = (oc * inC * 5 + row) * 5;
        const [w0, w1, w2, w3, w4] = [
          w[at] ?? 0,
          w[at + 1] ?? 0,
          w[at + 2] ?? 0,
          w[at + 3] ?? 0,
          w[at + 4] ?? 0,
        ];
        const top = Math.floor(row / 5) * size * size + (row % 5) * size;
        for (let y = 0; y < out; y++) {
          const from = top + y * size;
          const to = plane + y * out;
          let [a, b, c, d] = [
            input[from] ?? 0,
            input[from + 1] ?? 0,
            input[from + 2] ?? 0,
            input[from + 3] ?? 0,
          ];
          for (let x = 0; x < out; x++) {
            const e = input[from + x + 4] ?? 0;
            active[to + x] = (active[to + x] ?? 0) + w0 * a + w1 * b + w2 * c + w3 * d + w4 * e;
            a = b;
            b = c;
            c = d;
            d = e;
          }
        }
      }
    }
    for (let i = 0; i < active.length; i++) active[i] = sigmoid(active[i] ?? 0);
    const half = out / 2;
    for (let c = 0; c < outC; c++)
      for (let y = 0; y < half; y++)
        for (let x = 0; x < half; x++) {
          const i = c * out * out + 2 * y * out + 2 * x;
          pooled[(c * half + y) * half + x] =
            ((active[i] ?? 0) + (active[i + 1] ?? 0) + (active[i + out] ?? 0) + (active[i + out + 1] ?? 0)) /
            4;
        }
    return pooled;
  }

  /** Adds to the gradients of weight and bias, and to `gradIn` where one is given. */
  backward(input: Float32Array, gradOut: Float32Array, gradIn?: Float32Array): void {
    const { inC, outC, size, out, active, slope } = this;
    const w = this.weight.value;
    const gw = this.weight.grad;
    const half = out / 2;
    for (let oc = 0; oc < outC; oc++) {
      const plane = oc * out * out;
      let sum = 0;
      for (let y = 0; y < out; y++)
        for (let x = 0; x < out; x++) {
          const s = active[plane + y * out + x] ?? 0;
          const g = ((gradOut[(oc * half + (y >> 1)) * half + (x >> 1)] ?? 0) / 4) * s * (1 - s);
          slope[plane + y * out + x] = g;
          sum += g;
        }
      this.bias.grad[oc] = (this.bias.grad[oc] ?? 0) + sum;
      for (let row = 0; row < inC * 5; row++) {
        const at = (oc * inC * 5 + row) * 5;
        const [w0, w1, w2, w3, w4] = [
          w[at] ?? 0,
          w[at + 1] ?? 0,
          w[at + 2] ?? 0,
          w[at + 3] ?? 0,
          w[at + 4] ?? 0,
        ];
        let [g0, g1, g2, g3, g4] = [0, 0, 0, 0, 0];
        const top = Math.floor(row / 5) * size * size + (row % 5) * size;
        for (let y = 0; y < out; y++) {
          const from = top + y * size;
          const to = plane + y * out;
          for (let x = 0; x < out; x++) {
            const g = slope[to + x] ?? 0;
            const i = from + x;
            g0 += g * (input[i] ?? 0);
            g1 += g * (input[i + 1] ?? 0);
            g2 += g * (input[i + 2] ?? 0);
            g3 += g * (input[i + 3] ?? 0);
            g4 += g * (input[i + 4] ?? 0);
            if (gradIn === undefined) continue;
            gradIn[i] = (gradIn[i] ?? 0) + g * w0;
            gradIn[i + 1] = (gradIn[i + 1] ?? 0) + g * w1;
            gradIn[i + 2] = (gradIn[i + 2] ?? 0) + g * w2;
            gradIn[i + 3] = (gradIn[i + 3] ?? 0) + g * w3;
            gradIn[i + 4] = (gradIn[i + 4] ?? 0) + g * w4;
          }
        }
        gw[at] = (gw[at] ?? 0) + g0;
        gw[at + 1] = (gw[at + 1] ?? 0) + g1;
        gw[at + 2] = (gw[at + 2] ?? 0) + g2;
        gw[at + 3] = (gw[at + 3] ?? 0) + g3;
        gw[at + 4] = (gw[at + 4] ?? 0) + g4;
      }
    }
  }
}

class Dense {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly output: Float32Array;
  private readonly squash: boolean;
  constructor(inputs: number, outputs: number, squash: boolean) {
    this.weight = new Parameter([outputs, inputs], inputs, outputs);
    this.bias = new Parameter([outputs], 0, 0);
    this.output = new Float32Array(outputs);
    this.squash = squash;
  }

  forward(input: Float32Array): Float32Array {
    const { weight, bias, output } = this;
    for (let o = 0; o < output.length; o++) {
      let sum = bias.value[o] ?? 0;
      for (let i = 0; i < input.length; i++)
        sum += (weight.value[o * input.length + i] ?? 0) * (input[i] ?? 0);
      output[o] = this.squash ? sigmoid(sum) : sum;
    }
    return output;
  }

  backward(input: Float32Array, gradOut: Float32Array, gradIn: Float32Array): void {
    const { weight, bias, output } = this;
    gradIn.fill(0);
    for (let o = 0; o < output.length; o++) {
      const s = output[o] ?? 0;
      const g = (gradOut[o] ?? 0) * (this.squash ? s * (1 - s) : 1);
      bias.grad[o] = (bias.grad[o] ?? 0) + g;
      for (let i = 0; i < input.length; i++) {
        const at = o * input.length + i;
        weight.grad[at] = (weight.grad[at] ?? 0) + g * (input[i] ?? 0);
        gradIn[i] = (gradIn[i] ?? 0) + g * (weight.value[at] ?? 0);
      }
    }
  }
}

const conv1 = new ConvBlock(1, 6, 32);
const conv2 = new ConvBlock(6, 16, 14);
const fc1 = new Dense(400, 120, true);
const fc2 = new Dense(120, 84, true);
const logits = new Dense(84, 10, false);
const layers = { conv1, conv2, fc1, fc2, logits };
const parameters = Object.values(layers).flatMap((layer) => [layer.weight, layer.bias]);

const padded = new Float32Array(32 * 32);
const gradLogits = new Float32Array(10);
const grads = {
  h2: new Float32Array(84),
  h1: new Float32Array(120),
  p2: new Float32Array(400),
  p1: new Float32Array(1176),
};

/** Puts a picture, moved by (dx, dy) and mirrored on demand, into the zero-padded 32×32 frame. */
function place(pixels: Uint8Array, index: number, dx: number, dy: number, mirror: boolean): void {
  padded.fill(0);
  for (let y = 0; y < 28; y++)
    for (let x = 0; x < 28; x++) {
      const [tx, ty] = [x + dx, y + dy];
      if (tx < 0 || tx >= 28 || ty < 0 || ty >= 28) continue;
      const from = 16 + index * 784 + y * 28 + (mirror ? 27 - x : x);
      padded[(ty + 2) * 32 + tx + 2] = (pixels[from] ?? 0) / 255;
    }
}

function forward(): Float32Array {
  return logits.forward(fc2.forward(fc1.forward(conv2.forward(conv1.forward(padded)))));
}

/** Cross-entropy of the softmax; leaves its gradient in `gradLogits`. */
function loss(scores: Float32Array, label: number): number {
  const peak = Math.max(...scores);
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - peak);
  for (let i = 0; i < 10; i++)
    gradLogits[i] = Math.exp((scores[i] ?? 0) - peak) / sum - (i === label ? 1 : 0);
  return Math.log(sum) + peak - (scores[label] ?? 0);
}

function backward(): void {
  logits.backward(fc2.output, gradLogits, grads.h2);
  fc2.backward(fc1.output, grads.h2, grads.h1);
  fc1.backward(conv2.pooled, grads.h1, grads.p2);
  grads.p1.fill(0);
  conv2.backward(conv1.pooled, grads.p2, grads.p1);
  conv1.backward(padded, grads.p1);
}

/** The safetensors layout: header length (u64), JSON header, raw little-endian data. */
function save(path: string): void {
  const header: Record<string, unknown> = {
    __metadata__: { model: "LeNet", data: "Fashion-MNIST", made_by: "scripts/train-lenet.ts" },
  };
  let offset = 0;
  const bytes: Uint8Array[] = [];
  for (const [name, layer] of Object.entries(layers))
    for (const role of ["weight", "bias"] as const) {
      const { shape, value } = layer[role];
      header[`${name}.${role}`] = { dtype: "F32", shape, data_offsets: [offset, offset + value.byteLength] };
      offset += value.byteLength;
      bytes.push(new Uint8Array(value.buffer));
    }
  const json = JSON.stringify(header);
  const text = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setUint32(0, text.length, true);
  writeFileSync(path, Buffer.concat([length, text, ...bytes]));
}

const [folder, out, epochText = "14"] = process.argv.slice(2);
if (folder === undefined || out === undefined) {
  console.error(
    "usage: node scripts/run.mjs scripts/train-lenet.ts <data folder> <out.safetensors> [epochs]",
  );
  process.exit(1);
}
const read = (name: string): Uint8Array => gunzipSync(readFileSync(join(folder, `${name}-ubyte.gz`)));
const train = { images: read("train-images-idx3"), labels: read("train-labels-idx1") };
const test = { images: read("t10k-images-idx3"), labels: read("t10k-labels-idx1") };

const epochs = Number(epochText);
const steps = Math.floor(60_000 / BATCH);
const order = Array.from({ length: 60_000 }, (_, i) => i);
const shift = (): number => Math.floor(random() * 3) - 1;
let t = 0;
for (let epoch = 1; epoch <= epochs; epoch++) {
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  let total = 0;
  for (let s = 0; s < steps; s++) {
    for (const index of order.slice(s * BATCH, (s + 1) * BATCH)) {
      place(train.images, index, shift(), shift(), random() < 0.5);
      total += loss(forward(), train.labels[8 + index] ?? 0);
      backward();
    }
    t++;
    const rate = (LEARNING_RATE * (1 + Math.cos((Math.PI * t) / (epochs * steps)))) / 2;
    for (const p of parameters) step(p, rate, t);
  }
  let right = 0;
  for (let i = 0; i < 10_000; i++) {
    place(test.images, i, 0, 0, false);
    const scores = forward();
    if (scores.indexOf(Math.max(...scores)) === test.labels[8 + i]) right++;
  }
  console.log(
    `epoch ${epoch}: loss ${(total / (steps * BATCH)).toFixed(4)}, test accuracy ${right / 10_000}`,
  );
  save(out);
}
