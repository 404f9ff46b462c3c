/** The types of a training bundle: text that needs no other file. A test holds it to the trainer's own types. */
import { kindsOf, type Part, partsIn } from "../../contract/dataSet.ts";
import { showShape } from "../../contract/shapes.ts";
import type { Training } from "../../contract/training.ts";
import { plural } from "../errors.ts";
import { showCount } from "../ir/type.ts";
import { docText, literal, MADE_BY, propertyName } from "./names.ts";

/** `lenet.train.bundle.d.ts` */
export function trainingTypes(training: Training): string {
  const { name, step, evaluate, optimizer, losses } = training;
  const least = losses.map(({ name, loss, weight }) => {
    const of = losses.length > 1 ? ` of ${docText(name)}` : "";
    return `${weight === 1 ? "" : `${weight} · `}${loss.kind === "own" ? "a loss of the model's own" : loss.kind}${of}`;
  });
  const params = evaluate.params.filter((p) => p.use !== "metrics");
  const lines = params.map((p) => `  /** ${showShape(p.shape)} */\n  ${property(p.name, p.shape)}`);
  return `// ${docText(name)}, ${MADE_BY}: \`weft compile --train\` writes this file anew.
${TYPES}
/** The model's parameters and their shapes: what a weights file holds. */
export interface Parameters {
${lines.join("\n")}
}

/**
 * Labelled examples, row by row. They are sent to the GPU once, so the arrays must not change afterwards.
 */
export interface DataSet {
${partsIn(training).map(partType).join("\n")}
}

/**
 * Makes ${docText(name)} ready to be trained on a device: ${least.join(" + ")}, ${optimizer.kind}, learning rate ${optimizer.lr} unless
 * \`fit\` has a schedule. A step is ${step.dispatches.length} ${plural(step.dispatches.length, "dispatch", "dispatches")} in one submit and takes ${showCount(step.peakBytes)} bytes of the
 * device's memory for N examples, the data set aside.
 */
export declare function createTrainer(options?: TrainerOptions): Promise<Trainer>;

/** The tensors of a .safetensors file; throws where it is damaged. */
export declare function readSafetensors(bytes: ArrayBuffer | Uint8Array): { [name: string]: Tensor };

/** The bytes of a .safetensors file. */
export declare function writeSafetensors(
  tensors: { readonly [name: string]: Tensor },
  metadata?: { readonly [name: string]: string },
): Uint8Array<ArrayBuffer>;

/** The model's name. */
export declare const name: ${literal(name)};

/** The shape of every parameter. */
export declare const parameters: Parameters;

declare const training: {
  readonly name: typeof name;
  readonly parameters: Parameters;
  readonly createTrainer: typeof createTrainer;
  readonly readSafetensors: typeof readSafetensors;
  readonly writeSafetensors: typeof writeSafetensors;
};
export default training;
`;
}

function property(name: string, shape: readonly number[]): string {
  return `readonly ${propertyName(name)}: readonly [${shape.join(", ")}];`;
}

/** A part of a data set, under the last of its names: `image [1, 28, 28]: 784 bytes an example`. */
function partType(part: Part): string {
  const { input, keys, target } = part;
  const example = input.shape.filter((d) => typeof d === "number");
  const size = example.reduce((a, b) => a * b, 1);
  const what = `${docText(input.name)} ${showShape(example)}: ${size}`;
  const whole = input.dtype !== "f32";
  const range = whole && input.below !== undefined ? `, from 0 to ${Number(input.below) - 1}` : "";
  const text = whole
    ? `${what} ${plural(size, target ? "class's number" : "whole number", target ? "numbers of classes" : "whole numbers")} an example${range}.`
    : input.storage
      ? `${what} ${plural(size, "byte")} an example. The GPU scales them to 0 … 1.`
      : `${what} ${plural(size, "number")} an example.`;
  const kinds = kindsOf(part).map((kind) => kind.name);
  return `  /** ${text} */\n  readonly ${propertyName(keys.at(-1) ?? "")}: ${kinds.join(" | ")};`;
}

/** What is the same for all models, in the words of runtime/. */
const TYPES = `
/** WebGPU's GPUDevice, where its types are installed, or the kind that is to be found. */
export type Device =
  | (typeof globalThis extends { GPUDevice: { prototype: infer D } } ? D : object)
  | "auto"
  | "webgpu"
  | "wasm";

/** Numbers in row-major order, the last dimension fastest. */
export interface Tensor {
  readonly data: Float32Array | Int32Array | Uint32Array;
  readonly shape: readonly number[];
}

export interface TrainerOptions {
  /** The parameters to begin with: the bytes of a .safetensors file, or tensors by name. Default: drawn. */
  readonly weights?: ArrayBuffer | Uint8Array | { readonly [name: string]: Tensor };
  /** To go on from: what \`trainer.checkpoint()\` gave, or the bytes of the file that was written of it. */
  readonly checkpoint?: ArrayBuffer | Uint8Array | Checkpoint;
  /** Default: the browser is asked for one. */
  readonly device?: Device;
  /** Of initial values, shuffling and dropout: a whole number below 2³². Default 0, or the checkpoint's. */
  readonly seed?: number;
}

/** \`writeSafetensors(tensors, metadata)\` makes a file of it. */
export interface Checkpoint {
  readonly tensors: { readonly [name: string]: Tensor };
  readonly metadata: { readonly [name: string]: string };
}

/** The figures of one loss: of the output that it is of. */
export interface Measured {
  readonly name: string;
  readonly loss: number;
  /** NaN where the loss knows no right and wrong. */
  readonly accuracy: number;
}

/** The figures of an epoch. Loss and accuracy are those that the steps saw before their updates. */
export interface Epoch {
  /** From 1. */
  readonly epoch: number;
  readonly loss: number;
  readonly trainAccuracy: number;
  readonly losses: readonly Measured[];
  /** Of the test set, where one was given, with the parameters at the end of the epoch. */
  readonly testLoss?: number;
  readonly testAccuracy?: number;
  readonly testLosses?: readonly Measured[];
  readonly examplesPerSecond: number;
  readonly seconds: number;
  readonly steps: number;
}

/** A step whose figures have been read back, which happens some steps later. */
export interface StepReport {
  /** From 1, over all epochs. */
  readonly step: number;
  /** From 1. */
  readonly epoch: number;
  /** From 1, and how many the epoch has. */
  readonly stepInEpoch: number;
  readonly stepsPerEpoch: number;
  readonly learningRate: number;
  /** The means over the batch, and over the epoch so far. */
  readonly batchLoss: number;
  readonly loss: number;
  readonly trainAccuracy: number;
  readonly losses: readonly Measured[];
}

/** Where training is when a schedule is asked for a step's learning rate. */
export interface Moment {
  readonly step: number;
  readonly epoch: number;
  readonly stepsPerEpoch: number;
  readonly epochs: number;
  /** The rate that was compiled in. */
  readonly lr: number;
}

export interface FitOptions {
  /** Epochs in all, those of the checkpoint and of earlier calls included. Default 1. */
  readonly epochs?: number;
  /** Examples per step. Default 256, or all if they are fewer. */
  readonly batch?: number;
  /** Measured after each epoch. */
  readonly test?: DataSet;
  /** The learning rate of a step. Default: the one that was compiled in. */
  readonly schedule?: (at: Moment) => number;
  /** Ends training after the steps that have been submitted; the state is kept. */
  readonly signal?: AbortSignal;
  /** Called in order, once a step's figures are known. */
  readonly onStep?: (report: StepReport) => void;
  /** A checkpoint is kept at the end of each epoch, after an abort, and every so many steps of an epoch. */
  readonly checkpointEvery?: number;
  /** Given each checkpoint that is kept; training goes on when its promise resolves. */
  readonly onCheckpoint?: (checkpoint: Checkpoint) => void | Promise<void>;
  /** Default: as many as take about 50 ms, at most 64. */
  readonly stepsPerSubmit?: number;
}

export interface Evaluation {
  readonly loss: number;
  readonly accuracy: number;
  readonly losses: readonly Measured[];
  readonly examples: number;
}

/** A training on a device. */
export interface Trainer {
  /** What it computes on, in a line as \`WebAssembly, 8 threads\`; the line is empty where a page's GPU says nothing of itself. */
  readonly runsOn:
    | { readonly kind: "webgpu" | "wasm"; readonly threads?: number; readonly text: string }
    | undefined;
  /** Trains until so many epochs are done and gives the figures of each; the same seed gives the same bytes. */
  fit(data: DataSet, options?: FitOptions): AsyncGenerator<Epoch, void, undefined>;
  /** The loss and the accuracy of \`weights()\` on a data set. */
  evaluate(data: DataSet): Promise<Evaluation>;
  /** The parameters at the end of the last epoch, or at the last checkpoint within one. */
  weights(): { [name: string]: Tensor };
  /** Everything that training goes on from as if it had not stopped. */
  checkpoint(): Checkpoint;
  /** Where the kept state is: steps taken and epochs finished in all, steps taken of the epoch that has begun. */
  readonly position: { readonly step: number; readonly epoch: number; readonly stepInEpoch: number };
  /** Moves to another device, or to a new one after the old one was lost; \`fit\` goes on from the kept state. */
  reload(device?: Device): Promise<void>;
  /** Frees the GPU's memory; \`weights\` and \`checkpoint\` work without. */
  destroy(): void;
}
`;
