/** What `load` draws, for whoever wants it by itself: apart, so that a page which only runs a model has no more than that. */
import type { ParamSpec } from "../contract/program.ts";
import type { TensorData } from "../contract/tensor.ts";
import { draw } from "./init.ts";
import { checkOptions, type Rule, SEED } from "./options.ts";

/** What else it says was checked with its program. */
const PARAM: Rule = ["one of program.params", (value) => "init" in Object(value)];

/**
 * The values of one parameter of a program, determined by its `Init`, the seed (default 0) and its name alone. Throws
 * `WeftError`: "input", "out-of-memory" where there is no room for them.
 */
export function initialise(param: ParamSpec, seed = 0): TensorData {
  checkOptions("initialise", { param: param ?? null, seed }, { param: PARAM, seed: SEED });
  return draw(param, seed);
}
