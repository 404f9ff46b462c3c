/** The values of a model's parameters out of a file's tensors, as a plan says. */
import { UserError } from "../../compiler/errors.ts";
import type { ParamSpec } from "../../contract/program.ts";
import { converted, type Stored } from "../../contract/stored.ts";
import { permute, type Tensor } from "../../contract/tensor.ts";
import { checkWeights } from "../../contract/weights.ts";
import { initialise } from "../../runtime/initialise.ts";
import type { Filled, Plan } from "./plan.ts";

/** In the model's types and shapes. Throws `WeftError` "weights", and `UserError` for a number that a parameter does not hold. */
export function filledWeights(
  params: readonly ParamSpec[],
  stored: Readonly<Record<string, Stored>>,
  { filled }: Plan,
): Readonly<Record<string, Tensor>> {
  const byName = new Map(filled.map((each) => [each.to.name, each]));
  const made: Record<string, Tensor> = Object.create(null);
  for (const param of params) made[param.name] = valuesOf(param, byName.get(param.name), stored);
  checkWeights(params, made);
  return made;
}

function valuesOf(
  param: ParamSpec,
  filled: Filled | undefined,
  stored: Readonly<Record<string, Stored>>,
): Tensor {
  const { shape, dtype, name } = param;
  const tensor = filled?.from && stored[filled.from.name];
  if (!filled?.from || !tensor) return { shape, data: initialise(param) };
  const { data, unheld } = converted(tensor.data, dtype);
  if (unheld)
    throw new UserError({
      problem: `${filled.from.name}, which is to be ${name}, holds ${unheld.value} at element ${unheld.at}`,
      rule: `a parameter is ${dtype}, which does not hold that number`,
      fix: "scale or leave out what is beyond it before you save the weights",
    });
  if (filled.change !== "transposed") return { shape, data };
  const matrix = tensor.shape.filter((size) => size !== 1);
  return { shape, data: permute(data, matrix, [1, 0]) };
}
