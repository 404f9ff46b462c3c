/** Checks what `session.run` is given and infers the batch from it. */
import { WeftError } from "../contract/errors.ts";
import type { Program } from "../contract/program.ts";
import { dtypeOf, kindOf, sizeOf, type Tensor, type TensorData } from "../contract/tensor.ts";
import { shapeAt, showSizes } from "../contract/type.ts";

/** An input: its elements in row-major order, or a tensor whose shape is checked too. */
export type InputValue = TensorData | Tensor;

export interface CheckedInputs {
  readonly batch: number;
  /** In the order of `Program.inputs`. */
  readonly data: readonly TensorData[];
}

/** Throws `WeftError` "input", with the input's name, if anything does not fit. */
export function checkInputs(
  { inputs, name: model }: Program,
  given: Readonly<Record<string, unknown>>,
): CheckedInputs {
  const fail = (name: string, problem: string): never => {
    throw new WeftError("input", `${model}: input "${name}" ${problem}`);
  };
  for (const name in given)
    if (!inputs.some((i) => i.name === name))
      fail(name, `is unknown; the inputs are ${inputs.map((i) => i.name).join(", ")}`);

  let batch = 0;
  let first = "";
  const data = inputs.map(({ name, dtype, shape }) => {
    const wanted = showSizes(shape);
    const value = given && Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined) return fail(name, `${wanted} is missing`);
    const array = (dtypeOf(value) ? value : (value as Partial<Tensor> | null)?.data) as TensorData;
    if (dtypeOf(array) !== dtype)
      return fail(name, `has to be ${dtype} ${wanted}, got ${dtypeOf(array) ?? kindOf(array ?? value)}`);
    const batched = shape.includes("N");
    const each = sizeOf(shapeAt(shape, 1));
    const n = batched ? array.length / each : 1;
    if (!n) fail(name, `${wanted} needs at least one example, got an empty batch`);
    if (n % 1 || (!batched && array.length !== each))
      fail(name, `${wanted} needs a length of ${each}${batched ? " per example" : ""}, got ${array.length}`);
    const { shape: says } = value as Partial<Tensor>;
    if (says && `${says}` !== `${shapeAt(shape, n)}`)
      fail(name, `has shape ${showSizes(says)} and length ${array.length}, the model wants ${wanted}`);
    if (batched) {
      if (batch && batch !== n) fail(name, `is a batch of ${n}, but "${first}" of ${batch}`);
      batch = n;
      first ||= name;
    }
    return array;
  });
  return { batch: batch || 1, data };
}
