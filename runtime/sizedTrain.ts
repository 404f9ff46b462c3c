/**
 * Trainers of trainings that have sizes besides N, made by `dim`. An entry of its own: pages whose models have none load
 * nothing of it.
 *
 *   const trainer = await createTrainer(training, { seed: 0 });
 *   const data = { tokens: { shape: [2000, 17, 64], data: numbers }, labels };
 *   for await (const epoch of trainer.fit(data, { epochs: 10, batch: 64 })) console.log(epoch);
 */
import { partsIn } from "../contract/dataSet.ts";
import type { Signature } from "../contract/program.ts";
import { boundsOf, type SizeValues, shapeWith } from "../contract/sizes.ts";
import { kindOf } from "../contract/tensor.ts";
import type { Training } from "../contract/training.ts";
import { type AnyDataSet, type Checked, checkData, type Reader, type Rows } from "./data.ts";
import { openSizes, type Shaped, sizesOf, spread } from "./sizes.ts";
import { createTrainer as createPlain, type Trainer, type TrainerOptions } from "./train.ts";
import type { Epoch, Evaluation, FitOptions } from "./trainOptions.ts";

export { WeftError, type WeftErrorCode } from "../contract/errors.ts";
export type { Shaped } from "./sizes.ts";

/**
 * A `DataSet` or `NamedDataSet` whose parts that have such a size are `{ shape, data }`, examples first: `[2000, 17, 64]`.
 * All examples of a set have the same sizes; texts of other lengths are another set.
 */
export interface SizedDataSet {
  readonly [name: string]: Shaped<Rows> | Rows | number | undefined;
}

/** As `FitOptions`. */
export interface SizedFitOptions extends Omit<FitOptions, "test"> {
  /** Measured after each epoch. Its sizes are its own. */
  readonly test?: SizedDataSet;
}

/** A `Trainer` whose data sets say what each size is. */
export interface SizedTrainer extends Omit<Trainer, "training" | "fit" | "evaluate"> {
  /** As `Trainer.fit`. */
  fit(data: SizedDataSet, options?: SizedFitOptions): AsyncGenerator<Epoch, void, undefined>;
  /** As `Trainer.evaluate`. */
  evaluate(data: SizedDataSet): Promise<Evaluation>;
}

/** As `createTrainer` of weftgpu/train, which takes trainings without such sizes alone. */
export async function createTrainer(training: Training, options: TrainerOptions = {}): Promise<SizedTrainer> {
  const trainer = await createPlain(training?.step?.sizes ? reading(training) : training, options);
  return trainer as unknown as SizedTrainer; // which takes the sets that `read` does
}

/** The training as its buffers see it, which spreads its data sets over the room that they have. */
function reading(training: Training): Training & Reader {
  const { step, evaluate, wasm } = training;
  const bounds = boundsOf(step);
  const parts = partsIn(training);
  const named: Readonly<Record<string, Signature>> = Object.fromEntries(
    parts.flatMap(({ input, keys }) => keys.map((key) => [key, input] as const)),
  );
  /** What arrays became, so that a set that is used again is known to be on the GPU. */
  const known = new WeakMap<Rows, { readonly of: string; readonly room: Rows }>();
  const roomFor = (signature: Signature, sizes: SizeValues, data: Rows, rows: number): Rows => {
    const shape = shapeWith(signature.shape, rows, sizes);
    const before = known.get(data);
    if (before?.of === `${shape}`) return before.room;
    const room = spread(signature, { shape, data }, bounds);
    known.set(data, { of: `${shape}`, room });
    return room;
  };
  const read = (data: AnyDataSet): Checked => {
    const given = Object.entries(data ?? {}).flatMap(([key, value]) => {
      const signature = Object.hasOwn(named, key) ? named[key] : undefined;
      return signature && openSizes(signature, bounds).length > 0 ? [{ key, signature, value }] : [];
    });
    const sizes = sizesOf(step, Object.fromEntries(given.map((g) => [g.signature.name, g.value])));
    const exact = step.inputs.map((i) => ({ ...i, shape: i.shape.map((d) => sizes[d] ?? d) }));
    const flat = given.map(({ key, value }) => [key, (value as Shaped<Rows> | undefined)?.data]); // as checked
    const checked = checkData(
      { ...training, step: { ...step, inputs: exact } },
      kindOf(data) === "Object" ? { ...data, ...Object.fromEntries(flat) } : data,
    );
    const { arrays, rows } = checked;
    return {
      ...checked,
      arrays: parts.map(({ input }, i) => roomFor(input, sizes, arrays[i] as Rows, rows)), // one for each
      sizes: (step.sizes ?? []).map(({ name }) => sizes[name] as number),
    };
  };
  return {
    ...training,
    step: { ...step, version: 1 },
    evaluate: { ...evaluate, version: 1 },
    ...(wasm && { wasm: reading(wasm) }),
    read,
  };
}
