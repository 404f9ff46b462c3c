/** A training's program on a device: its state in and out, and batches with their figures. */
import type { ParamSpec } from "../contract/program.ts";
import { ARRAYS, sizeOf, type Tensor, type TensorData, unpermute } from "../contract/tensor.ts";
import type { Weights } from "../contract/weights.ts";
import type { Source } from "./dataUpload.ts";
import { copyOut, type Executable, encodePass, MOST_BATCHES, STRIDE } from "./executable.ts";
import { type Origin, trace, type Unfit, unfit } from "./trace.ts";
import { isMetrics, stateOf } from "./trainState.ts";

/** What the kernels of a training are told of a batch. */
export interface TrainBatch {
  readonly n: number;
  /** Where it starts in the order of the data set. No kernel asks. */
  readonly offset: number;
  readonly step: number;
  readonly seed: number;
  readonly rates: readonly number[];
}

/** The uniforms of batches, in which `Program.sizes` are these. */
export function uniformsOf(batches: readonly TrainBatch[], sizes: readonly number[]): Uint32Array {
  const words = new Uint32Array((batches.length * STRIDE) / 4);
  batches.forEach(({ n, step, seed, rates }, i) => {
    words.set([n, 0, step, seed, 0, 0, 0, 0, ...sizes], (i * STRIDE) / 4);
    new Float32Array(words.buffer, i * STRIDE + 16).set(rates);
  });
  return words;
}

/** What a batch adds to the metrics: `FIGURES` numbers for each loss. */
export type Figures = ArrayLike<number>;
const figuresOf = ({ program }: Executable): ParamSpec => program.params.find(isMetrics) as ParamSpec;

/** Sets the params that `tensors` has, and runs what depends on them alone. */
export function writeState(executable: Executable, tensors: Weights): void {
  const state = stateOf(executable.program);
  executable.fill(
    state,
    state.map(({ name }) => (tensors[name] as Tensor).data),
  );
}

const bytesOf = ({ shape }: ParamSpec): number => 4 * sizeOf(shape);

/** The params as they are once all that was submitted has been carried out. */
export async function readState(executable: Executable): Promise<Record<string, Tensor>> {
  const { program } = executable;
  const state = stateOf(program);
  const sizes = state.map(bytesOf);
  const buffers = state.map(({ buffer }) => executable.buffer(buffer));
  const parts = await executable.run(`${program.name}: read back`, () => ({
    sizes,
    encode: (encoder, staging) => copyOut(encoder, staging, buffers, sizes),
  }));
  return Object.fromEntries(
    state.map(({ name, dtype, shape, order }, i) => {
      const data: TensorData = new ARRAYS[dtype](parts[i] as ArrayBuffer); // one for each
      return [name, { shape, data: order ? unpermute(data, shape, order) : data }];
    }),
  );
}

/** Makes what batches up to this one take, and reading the state back, so that nothing is made while they run. */
export function reserveTraining(executable: Executable, source: Source, batch: number): void {
  executable.reserve(batch, source.lent);
  const state = stateOf(executable.program).reduce((bytes, param) => bytes + bytesOf(param), 0);
  executable.stage(Math.max(MOST_BATCHES * bytesOf(figuresOf(executable)), state));
}

/** Carries out batches in order, in one submit. Everything is submitted before this returns its promise. */
export async function runBatches(
  executable: Executable,
  source: Source,
  batches: readonly TrainBatch[],
): Promise<Figures[]> {
  const size = bytesOf(figuresOf(executable));
  const [part] = await executable.run(executable.program.name, () => {
    const dispatches = executable.reserve(Math.max(...batches.map(({ n }) => n)), source.lent);
    const metrics = metricsOf(executable);
    tell(executable, source, batches);
    return {
      sizes: [MOST_BATCHES * size],
      encode(encoder, staging) {
        batches.forEach((batch, i) => {
          begin(encoder, executable, source, batch);
          encodePass(encoder, dispatches, batch.n, i * STRIDE);
          encoder.copyBufferToBuffer(metrics, 0, staging, i * size, size);
        });
      },
    };
  });
  return batches.map((_, i) => new Float32Array(part as ArrayBuffer, i * size, size / 4));
}

/** Carries out one batch kernel by kernel, as `trace` does. */
export function traceBatch(
  executable: Executable,
  source: Source,
  batch: TrainBatch,
): Promise<(Unfit & Origin) | undefined> {
  tell(executable, source, [batch]);
  executable.submit((encoder) => begin(encoder, executable, source, batch));
  const look = (data: ArrayBuffer): Unfit | undefined => unfit(new Float32Array(data));
  return trace(executable, executable.program.dispatches, batch.n, look, source.lent);
}

/** Sends the uniforms, and what of a batch is not on the GPU. */
function tell(executable: Executable, source: Source, batches: readonly TrainBatch[]): void {
  executable.tell(uniformsOf(batches, source.sizes));
  for (const { offset, n } of batches) executable.upload(source.sent, source.batch(offset, n));
}

/** Figures start from 0; which rows of the data sets are the batch. */
function begin(
  encoder: GPUCommandEncoder,
  executable: Executable,
  { order, rows }: Source,
  { offset, n }: TrainBatch,
): void {
  encoder.clearBuffer(metricsOf(executable));
  if (rows !== undefined) encoder.copyBufferToBuffer(order, 4 * offset, executable.buffer(rows), 0, 4 * n);
}

const metricsOf = (executable: Executable): GPUBuffer => executable.buffer(figuresOf(executable).buffer);
