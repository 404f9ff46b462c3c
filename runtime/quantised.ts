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
  quantisedBlock,
  quantisedWords,
  versionFor,
} from "../contract/quantised.ts";
import { permute, sizeOf, type Tensor } from "../contract/tensor.ts";
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
  const tensors = program.params.map((param, i): Tensor => {
    const data = values[i] as Float32Array; // one for each; what is quantised is f32
    const type = quantisedAs(param);
    if (!type) return { shape: param.shape, data };
    const words = quantise(type, param.order ? permute(data, param.shape, param.order) : data);
    return { shape: [words.length], data: words };
  });
  const named = Object.fromEntries(program.params.map(({ name }, i) => [name, tensors[i] as Tensor])); // one for each
  return [inWords(program), { ...options, weights: named }];
}

/** The program, its quantised parameters as the words that their buffers hold; so is its form for WebAssembly, if these lie alike. */
function inWords(program: Program): Program {
  const { params, sizes, wasm, ...rest } = program;
  const alike = wasm?.params.every((p, i) => !quantisedAs(p) || `${p.order}` === `${params[i]?.order}`);
  return {
    ...rest,
    ...(sizes && { sizes }),
    ...(wasm && alike && { wasm: inWords(wasm) }),
    version: versionFor(false, sizes !== undefined),
    params: params.map((param): ParamSpec => {
      const type = quantisedAs(param);
      if (!type) return param;
      const { order: _, ...given } = asGiven(param);
      return { ...given, dtype: "u32", shape: [quantisedWords(type, sizeOf(param.shape))] };
    }),
  };
}

/** Block by block, as the buffer holds them. */
function quantise(type: QuantisedType, data: Float32Array): Uint32Array {
  const bits = BITS[type];
  const zero = 2 ** (bits - 1);
  const out = new Uint32Array(quantisedWords(type, data.length));
  const scales = new Float32Array(out.buffer);
  for (let from = 0, to = 0; from < data.length; from += BLOCK, to += blockWords(type)) {
    const { scale, whole } = quantisedBlock(type, data.subarray(from, from + BLOCK));
    scales[to] = scale;
    whole.forEach((q, i) => {
      const word = to + 1 + ((i * bits) >> 5);
      out[word] = (out[word] as number) | ((q + zero) << ((i * bits) & 31)); // a block's words
    });
  }
  return out;
}
