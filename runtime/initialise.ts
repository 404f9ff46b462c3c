/** What `load` draws, for whoever wants it by itself: apart, so that a page which only runs a model has no more than that. */
import type { ParamSpec } from "../compiler/ir/program.ts";
import { Field } from "./fields.ts";
import { draw } from "./init.ts";
import { checkOptions, SEED } from "./options.ts";
import type { TensorData } from "./tensor.ts";
import { checkParam } from "./validate.ts";

/**
 * The values of one parameter of a program, determined by its `Init`, the seed (default 0) and its name alone. Throws
 * `WeftError`: "input" of the seed, "program" of the parameter, "out-of-memory" where there is no room for them.
 */
export function initialise(param: ParamSpec, seed = 0): TensorData {
  checkOptions("initialise", { seed }, { seed: SEED });
  checkParam(new Field(param, "initialise: param"));
  return draw(param, seed);
}
