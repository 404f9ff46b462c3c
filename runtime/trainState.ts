/** The state of a training, and checkpoints of it. */
import { WeftError } from "../contract/errors.ts";
import type { ParamSpec, Program } from "../contract/program.ts";
import type { Tensor } from "../contract/tensor.ts";
import type { Training } from "../contract/training.ts";
import { checkWeights, type Weights } from "../contract/weights.ts";
import { SEED } from "./options.ts";

/** Where a training is: with the tensors and the data, this determines everything that follows. */
export interface Position {
  /** Steps taken in all: batches. */
  readonly step: number;
  /** Epochs finished. */
  readonly epoch: number;
  /** Updates made in these: as many as steps, unless gradients of several batches are gathered for one. */
  readonly updates: number;
  /** Steps taken of the epoch that has begun. */
  readonly stepInEpoch: number;
  /** Of the steps of this epoch: `FIGURES` numbers for each loss. */
  readonly sums: readonly number[];
  /** The examples of a step and of the data set; 0 before the first step. */
  readonly batch: number;
  readonly rows: number;
}

export const BEGINNING: Position = {
  step: 0,
  epoch: 0,
  updates: 0,
  stepInEpoch: 0,
  sums: [],
  batch: 0,
  rows: 0,
};

/** A host copy of everything that changes. */
export interface State {
  readonly position: Position;
  readonly seed: number;
  /** Parameters and moments. */
  readonly tensors: Weights;
}

/** What `writeSafetensors(tensors, metadata)` writes; training goes on from it as if it had not stopped. */
export interface Checkpoint {
  /** Parameters, and the optimiser's moments. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

const FORMAT = "weft-checkpoint 1";

/** A training's params, metrics aside: of the step parameters and moments, of what measures the model's parameters. */
export function stateOf({ params }: Program): ParamSpec[] {
  return params.filter((p) => !isMetrics(p));
}

/** Whether it is what a batch's [Σ loss, number right] are added to: one of each program's params. */
export function isMetrics({ use }: ParamSpec): boolean {
  return use === "metrics";
}

/** The optimiser but for its learning rate, which may change from run to run, and the batches of an update. */
function identity({ optimizer: { lr: _, ...rest }, accumulate = 1 }: Training): Record<string, unknown> {
  return { ...rest, accumulate };
}

export function toCheckpoint(training: Training, { position, seed, tensors }: State): Checkpoint {
  const { name, losses, clip } = training;
  const metadata = {
    format: FORMAT,
    model: name,
    losses: JSON.stringify(losses),
    optimizer: JSON.stringify(identity(training)),
    ...(clip && { clip: JSON.stringify(clip) }),
    seed: String(seed),
    position: JSON.stringify(position),
  };
  return { tensors, metadata };
}

/** Throws `WeftError` "weights" where the checkpoint is of another model, loss, optimiser or clip, or is damaged. */
export function fromCheckpoint(training: Training, { tensors, metadata }: Checkpoint): State {
  const fail = (problem: string): never => {
    throw new WeftError("weights", `checkpoint: ${problem}`);
  };
  const { name, losses, clip } = training;
  if (metadata?.["format"] !== FORMAT)
    fail(
      `the metadata are not those of a checkpoint (format "${FORMAT}"), but maybe these are plain weights`,
    );
  const same = (what: string, is: unknown, wanted: unknown): void => {
    if (JSON.stringify(is) !== JSON.stringify(wanted))
      fail(`${what} is ${JSON.stringify(is)}, but this training's is ${JSON.stringify(wanted)}`);
  };
  const parse = (key: string): Record<string, unknown> => {
    try {
      const value = JSON.parse(metadata[key] ?? "");
      if (value && typeof value === "object") return value;
    } catch {}
    return fail(`"${key}" of the metadata is damaged: ${metadata[key]}`);
  };
  same("the model", metadata["model"], name);
  same("the loss", parse("losses"), losses);
  const [was, now] = [parse("optimizer"), identity(training)];
  same("the optimiser", was["kind"], now["kind"]);
  for (const key in now) same(`the optimiser's ${key}`, was[key], now[key]);
  same("the bound of gradients", metadata["clip"] ? parse("clip") : "none", clip ?? "none");

  const found = parse("position");
  const position = Object.fromEntries(
    Object.keys(BEGINNING).map((key) => {
      const value = found[key];
      const ok =
        key === "sums"
          ? Array.isArray(value) && value.every(Number.isFinite)
          : Number.isSafeInteger(value) && Number(value) >= 0;
      if (!ok) fail(`its ${key} is ${value}`);
      return [key, value];
    }),
  ) as unknown as Position; // the keys are those of BEGINNING
  const seed = Number(metadata["seed"]);
  if (!SEED[1](seed)) fail(`its seed is ${metadata["seed"]}`);
  const params = stateOf(training.step);
  const values = checkWeights(params, tensors);
  return {
    position,
    seed,
    tensors: Object.fromEntries(
      params.map(({ name, shape }, i) => [name, { shape, data: values[i] as Tensor["data"] }]),
    ),
  };
}
