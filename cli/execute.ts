/** Runs a program over any number of examples, in batches that fit the device. */
import type { Program } from "../contract/program.ts";
import type { Tensor as Given } from "../contract/tensor.ts";
import type { Weights } from "../contract/weights.ts";
import { concatenated, product } from "../data/array.ts";
import { packed } from "../runtime/quantised.ts";
import { load } from "../runtime/sized.ts";
import { type Said, startBuilding } from "./building.ts";
import type { Batch } from "./input/read.ts";
import type { Tensor } from "./output/results.ts";

/** Large enough to fill a GPU, small enough for any. */
const LARGEST = 256;

export interface ExecuteOptions {
  readonly said: Said;
  readonly device: GPUDevice;
  readonly weights?: Weights;
  readonly seed: number;
}

export interface Executed {
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Wall time of the runs: upload, kernels and reading back; not compiling and loading. */
  readonly milliseconds: number;
}

export async function execute(
  program: Program,
  batches: readonly Batch[],
  { said, ...options }: ExecuteOptions,
): Promise<Executed> {
  const built = startBuilding([program], said, { device: options.device });
  try {
    return await runParts(program, batches, options, built);
  } finally {
    built();
  }
}

/** `began` is called once the first part has been computed. */
async function runParts(
  program: Program,
  batches: readonly Batch[],
  options: Omit<ExecuteOptions, "said">,
  began: () => void,
): Promise<Executed> {
  const session = await load(...packed(program, options));
  const collected = new Map<string, { readonly shape: readonly number[]; readonly parts: Float32Array[] }>();
  let milliseconds = 0;
  for (const { feeds } of partsOf(program, batches)) {
    const start = performance.now();
    const outputs = await session.run(feeds);
    milliseconds += performance.now() - start;
    began();
    for (const [name, { shape, data }] of Object.entries(outputs)) {
      const found = collected.get(name) ?? { shape, parts: [] };
      found.parts.push(Float32Array.from(data));
      collected.set(name, found);
    }
  }
  const outputs = Object.fromEntries(
    [...collected].map(([name, { shape, parts }]) => {
      const batched = program.outputs.find((output) => output.name === name)?.shape.includes("N");
      return [name, joined(shape, batched ? parts : parts.slice(0, 1))];
    }),
  );
  return { outputs, milliseconds };
}

/** How many examples there are, and how many of them go into a run where the device holds them. */
const countOf = (batches: readonly Batch[]): number =>
  batches.find((b) => b.target.batched)?.titles.length ?? 1;
export const typicalBatchOf = (batches: readonly Batch[]): number => Math.min(LARGEST, countOf(batches));

/** The examples in batches that fit the device; `from` is the position of a batch's first. */
export function* partsOf(
  program: Program,
  batches: readonly Batch[],
): Generator<{ readonly from: number; readonly feeds: Readonly<Record<string, Given>> }> {
  const count = countOf(batches);
  const size = Math.min(LARGEST, program.maxBatch || LARGEST);
  for (let from = 0; from < count; from += size) {
    const to = Math.min(count, from + size);
    yield { from, feeds: Object.fromEntries(batches.map((b) => [b.target.name, slice(b, from, to)])) };
  }
}

/** Examples `from` to `to` in the shape that the model's input has. */
function slice(batch: Batch, from: number, to: number): Given {
  const { data, target } = batch;
  if (!target.batched) return { shape: target.example, data };
  const step = product(target.example);
  return { shape: [to - from, ...target.example], data: data.subarray(from * step, to * step) };
}

function joined(shape: readonly number[], parts: readonly Float32Array[]): Tensor {
  const [only] = parts;
  if (parts.length === 1 && only) return { shape, data: only };
  const data = concatenated(parts, "f32");
  const rest = shape.slice(1);
  return { shape: [data.length / product(rest), ...rest], data };
}
