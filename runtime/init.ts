/** Initial values of parameters. */
import type { Init, ParamSpec } from "../compiler/ir/program.ts";
import { hash, threefry } from "./random.ts";
import { ARRAYS, sizeOf, type TensorData } from "./tensor.ts";

/** Half the width of a uniform distribution, or the deviation of a normal one. */
function spread(init: Init): number {
  switch (init.kind) {
    case "xavierUniform":
      return Math.sqrt(6 / (init.fanIn + init.fanOut));
    case "xavierNormal":
      return Math.sqrt(2 / (init.fanIn + init.fanOut));
    case "kaimingUniform":
      return Math.sqrt(6 / init.fanIn);
    case "kaimingNormal":
      return Math.sqrt(2 / init.fanIn);
    default:
      return 0;
  }
}

/**
 * The values of one parameter, determined by its `Init`, the seed and its name alone: the order of parameters
 * does not matter. Element i takes the words of counter i under the key (seed, hash of the name).
 */
export function initialise({ name, shape, dtype, init }: ParamSpec, seed: number): TensorData {
  const data = new ARRAYS[dtype](sizeOf(shape));
  if (init.kind === "constant") return data.fill(init.value);
  if (init.kind === "zeros" || init.kind === "ones") return data.fill(+(init.kind === "ones"));
  const key = hash(name);
  const [low, high] = init.kind === "uniform" ? [init.low, init.high] : [-spread(init), spread(init)];
  for (let i = 0; i < data.length; i++) {
    // The middles of 2³² equal parts of (0, 1): never 0, so that its logarithm is finite.
    const [u, v] = threefry(seed, key, i, 0).map((word) => (word + 0.5) / 2 ** 32) as [number, number];
    data[i] = init.kind.endsWith("Normal")
      ? high * Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v) // Box & Muller 1958
      : low + (high - low) * u;
  }
  return data;
}
