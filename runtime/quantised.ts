/**
 * Programs whose weights are quantised (`compile(graph, { quantise: "i8" })`). An entry of its own: pages whose models have no
 * such weights load nothing of it.
 *
 *   const session = await load(...packed(program, { weights }));   // load of weftgpu/runtime, or of weftgpu/sized
 */

import type { ParamSpec, Program } from "../contract/program.ts";
import {
  asGiven,
  BITS,
  BLOCK,
  blockWords,
  type QuantisedType,
  quantisedAs,
  quantisedWords,
  versionFor,
} from "../contract/quantised.ts";
import { permute, type Tensor } from "../contract/tensor.ts";
import { checkOptions, LOAD, type LoadOptions } from "./options.ts";
import { valuesOf } from "./values.ts";

export type { LoadOptions } from "./options.ts";

/**
 * The program and its weights as every runtime knows them: weights that are quantised are parameters of u32, the words that
 * their buffers hold. They are quantised here, from f32. Other programs are given back as they are. Pure: what it gives may
 * be kept, also in a file (`writeSafetensors(options.weights)`), and loaded any number of times.
 *
 * Throws `WeftError`: "input" (of the options), "weights".
 */
export function packed(
  program: Program,
  options: LoadOptions = {},
): [program: Program, options: LoadOptions] {
  checkOptions("packed", options, LOAD);
  const { weights, seed = 0 } = options;
  if (!program.params.some(quantisedAs)) return [program, options];
  const values = valuesOf({ ...program, params: program.params.map(asGiven) }, weights, seed);
  const pairs = program.params.map((param, i): [ParamSpec, Tensor] => {
    const data = values[i] as Float32Array; // one for each; what is quantised is f32
    const type = quantisedAs(param);
    if (!type) return [param, { shape: param.shape, data }];
    const words = quantise(type, param.order ? permute(data, param.shape, param.order) : data);
    const { order: _, ...rest } = asGiven(param);
    const shape = [words.length];
    return [
      { ...rest, dtype: "u32", shape },
      { shape, data: words },
    ];
  });
  const params = pairs.map(([param]) => param);
  return [
    { ...program, version: versionFor(false, program.sizes !== undefined), params },
    { ...options, weights: Object.fromEntries(pairs.map(([{ name }, tensor]) => [name, tensor])) },
  ];
}

/** Beyond it a product of scale and whole number might not be finite. */
const LARGEST = 3.4e38;
/** The least scale: below it devices may take numbers for 0. */
const LEAST = 2 ** -126;

/**
 * Symmetric, to the nearest: the largest number of a block is ±127, or ±7. A number is off by half a scale at most, which is
 * 1/254 or 1/14 of the largest of its block. (A block whose scale would be below 2⁻¹²⁶ is 0.)
 */
function quantise(type: QuantisedType, data: Float32Array): Uint32Array {
  const bits = BITS[type];
  const zero = 2 ** (bits - 1);
  const out = new Uint32Array(quantisedWords(type, data.length));
  const scales = new Float32Array(out.buffer);
  for (let from = 0, to = 0; from < data.length; from += BLOCK, to += blockWords(type)) {
    const block = data.subarray(from, from + BLOCK);
    const largest = block.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const scale = Math.fround(Math.min(largest, LARGEST) / (zero - 1));
    scales[to] = scale;
    block.forEach((x, i) => {
      const q = scale < LEAST ? 0 : Math.sign(x) * Math.round(Math.abs(x) / scale);
      const word = to + 1 + ((i * bits) >> 5);
      out[word] = (out[word] as number) | ((q + zero) << ((i * bits) & 31)); // a block's words
    });
  }
  return out;
}
