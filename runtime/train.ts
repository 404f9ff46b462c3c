/**
 * Trains a compiled model on a GPUDevice: the same code in a page and in Node, without dependencies.
 *
 *   const trainer = await createTrainer(training, { seed: 0 });
 *   for await (const epoch of trainer.fit({ images, labels }, { epochs: 10, batch: 256 })) console.log(epoch);
 *   const bytes = writeSafetensors(trainer.weights());
 */
import { WeftError } from "../contract/errors.ts";
import type { Training } from "../contract/training.ts";
import { checkWeights, plainBytes, readSafetensors, tensorsOf, type Weights } from "../contract/weights.ts";
import { draw } from "./init.ts";
import { readMetadata } from "./metadata.ts";
import { ANYTHING, checkOptions, type DeviceKind, LOAD } from "./options.ts";
import { Trainer } from "./trainer.ts";
import { BEGINNING, type Checkpoint, fromCheckpoint, type State, stateOf } from "./trainState.ts";

export type { RunsOn } from "../contract/adapter.ts";
export { WeftError, type WeftErrorCode } from "../contract/errors.ts";
export type { Tensor, TensorData } from "../contract/tensor.ts";
export type { Loss, LossName, Optimizer, TrainedLoss, Training } from "../contract/training.ts";
export { validateTraining } from "../contract/trainValidate.ts";
export { readSafetensors, type Weights, writeSafetensors } from "../contract/weights.ts";
export type { AnyDataSet, DataSet, NamedDataSet, Rows } from "./data.ts";
export { readMetadata } from "./metadata.ts";
export type { DeviceKind } from "./options.ts";
export { DivergedError, type Failure } from "./trainDiverged.ts";
export { Trainer } from "./trainer.ts";
export type { Epoch, Evaluation, FitOptions, Measured, StepReport } from "./trainOptions.ts";
export { constant, cosine, type Moment, type Schedule, stepDecay, warmUp } from "./trainSchedule.ts";
export type { Checkpoint, Position } from "./trainState.ts";

/** What `createTrainer` may be given. */
export interface TrainerOptions {
  /** The model's parameters to begin with: the bytes of a safetensors file, or tensors by name. Default: drawn. */
  readonly weights?: ArrayBuffer | Uint8Array | Weights;
  /** To go on from: what `trainer.checkpoint()` gave, or the bytes of the file that was written of it. */
  readonly checkpoint?: ArrayBuffer | Uint8Array | Checkpoint;
  /** As of `load`. */
  readonly device?: GPUDevice | DeviceKind;
  /** Of initial values, shuffling and dropout: a whole number below 2³². Default 0, or the checkpoint's. */
  readonly seed?: number;
}

/**
 * Makes a training ready to run. Throws `WeftError`: "program", "weights" (they, or the checkpoint, do not fit),
 * "input", "no-device", "gpu", "out-of-memory", "device-lost".
 */
export async function createTrainer(training: Training, options: TrainerOptions = {}): Promise<Trainer> {
  checkOptions("createTrainer", options, { ...LOAD, checkpoint: ANYTHING });
  const { weights, checkpoint, device, seed } = options;
  if (weights !== undefined && checkpoint !== undefined)
    throw new WeftError(
      "input",
      "createTrainer: a checkpoint holds the weights; try: leave out one of the two",
    );
  for (const program of [training?.step, training?.evaluate])
    if (program?.format !== "weft-program" || program.version !== 1)
      throw new WeftError("program", "this is no Weft training of version 1");
  const state =
    checkpoint !== undefined
      ? fromCheckpoint(training, readCheckpoint(checkpoint))
      : begin(training, weights, seed ?? 0);
  if (seed !== undefined && seed !== state.seed)
    throw new WeftError("input", `the seed is ${seed}, but the checkpoint's is ${state.seed}: leave it out`);
  const trainer = new Trainer(training, state);
  await trainer.reload(device);
  return trainer;
}

function readCheckpoint(checkpoint: ArrayBuffer | Uint8Array | Checkpoint): Checkpoint {
  const bytes = plainBytes(checkpoint);
  return bytes
    ? { tensors: readSafetensors(bytes), metadata: readMetadata(bytes) }
    : (checkpoint as Checkpoint);
}

/** The state before the first step: given or drawn parameters, adapters that are given or begin, and moments of zero. */
function begin(training: Training, weights: TrainerOptions["weights"], seed: number): State {
  const found = weights === undefined ? undefined : tensorsOf(weights);
  const model = stateOf(training.evaluate).filter((p) => p.use !== "adapter" || found?.[p.name]);
  const given = found && checkWeights(model, found);
  const tensors = stateOf(training.step).map((param) => {
    const data = given?.[model.findIndex((p) => p.name === param.name)] ?? draw(param, seed);
    return [param.name, { shape: param.shape, data }] as const;
  });
  return { position: BEGINNING, seed, tensors: Object.fromEntries(tensors) };
}
