/** Initial values of parameters. */
import { WeftError } from "../contract/errors.ts";
import type { ParamSpec } from "../contract/program.ts";
import { ARRAYS, hash, sizeOf, type TensorData } from "../contract/tensor.ts";
import { showSizes } from "../contract/type.ts";
import { failAt } from "../contract/weights.ts";
import { threefry } from "./random.ts";

/** Elements of a parameter: no device binds a larger buffer, so none is drawn, whatever a file claims. */
const MOST = 2 ** 30;

/**
 * The values of one parameter, determined by its `Init`, the seed and its name alone: the order of parameters
 * does not matter. Element i takes the words of counter i under the key (seed, hash of the name). Throws `WeftError`
 * "out-of-memory" where there is no room for them, and "weights" for a constant that only weights hold.
 */
export function draw({ name, shape, dtype, init }: ParamSpec, seed: number): TensorData {
  if (init.values) return ARRAYS[dtype].from(init.values);
  if (init.kind === "given") failAt(name, "is missing: constants are not drawn");
  let data: TensorData;
  try {
    if (sizeOf(shape) > MOST) throw shape;
    data = new ARRAYS[dtype](sizeOf(shape));
  } catch {
    throw new WeftError("out-of-memory", `parameter "${name}" ${showSizes(shape)} is too large`);
  }
  const normal = init.kind.endsWith("Normal");
  let low = 0;
  let high = 0;
  if ("fanIn" in init) {
    // The variance is 2/fan: a deviation of √(2/fan), or a uniform distribution between ±√(6/fan).
    high = Math.sqrt((normal ? 2 : 6) / (init.fanIn + (init.fanOut ?? 0)));
    low = -high;
  } else if ("low" in init) ({ low, high } = init);
  else return data.fill("value" in init ? init.value : init.kind === "ones" ? 1 : 0);
  const key = hash(name);
  return data.map((_: number, i: number) => {
    // The middles of 2³² equal parts of (0, 1): never 0, so that its logarithm is finite.
    const [u, v] = threefry(seed, key, i, 0).map((word) => (word + 0.5) / 2 ** 32) as [number, number];
    return normal
      ? high * Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v) // Box & Muller 1958
      : low + (high - low) * u;
  });
}
