/** Runs a model over a data set, and what it costs to store numbers in fewer bits beside it. */

import type { InBytes } from "../../compiler/train/index.ts";
import type { MeasuredLoss } from "../../compiler/train/measured.ts";
import type { Program } from "../../contract/program.ts";
import { ARRAYS, type TensorData } from "../../contract/tensor.ts";
import type { Weights } from "../../contract/weights.ts";
import { product } from "../../data/array.ts";
import { packed } from "../../runtime/quantised.ts";
import { load } from "../../runtime/sized.ts";
import type { Rows } from "../../runtime/train.ts";
import type { DataPart, Examples } from "../data/parts.ts";
import { type Answered, Figures, type LossFigures } from "./figures.ts";
import { type Difference, Differences } from "./precision.ts";

export interface MeasureOptions {
  readonly device: GPUDevice;
  readonly weights: Weights;
  readonly losses: readonly MeasuredLoss[];
  /** What the program reads: the model's inputs, and the targets. */
  readonly parts: readonly DataPart[];
  /** Which inputs are bytes that stand for 0 … 1. */
  readonly bytes: InBytes;
  /** The program whose numbers are stored as f32, where it is to be compared with. */
  readonly single?: Program | undefined;
  readonly onProgress?: (examples: number) => void;
}

export interface Measurement {
  readonly figures: readonly LossFigures[];
  readonly difference?: Difference;
  /** Wall time of the program: upload, kernels and reading back. */
  readonly seconds: number;
}

/** Large enough to fill a GPU, small enough for any. */
const CHUNK = 500;

/** Throws `UserError` where what the model gives is no number, `WeftError` as `load` and `run` do. */
export async function measure(
  program: Program,
  set: Examples,
  options: MeasureOptions,
): Promise<Measurement> {
  const { device, weights, losses, parts, bytes, single, onProgress } = options;
  const session = await load(...packed(program, { device, weights }));
  const other = single && (await load(...packed(single, { device, weights })));
  const figures = losses.map((loss) => new Figures(loss));
  const ofSingle = losses.map((loss) => new Figures(loss));
  const differences = new Differences(losses);
  const most = [program, single].map((each) => each?.maxBatch || CHUNK);
  const chunk = Math.min(CHUNK, ...most);
  let seconds = 0;
  for (let from = 0; from < set.rows; from += chunk) {
    const rows = Math.min(chunk, set.rows - from);
    const targets: Record<string, Rows> = {};
    const inputs = parts.map((part) => {
      const size = product(part.example);
      const own = set.arrays[part.name]?.subarray(from * size, (from + rows) * size) ?? new Uint8Array();
      if (part.loss) targets[part.name] = own;
      return [part.name, { shape: [rows, ...part.example], data: asRead(own, part, bytes) }] as const;
    });
    const start = performance.now();
    const found = await session.run(Object.fromEntries(inputs));
    seconds += (performance.now() - start) / 1000;
    const answered = (outputs: typeof found): Answered => ({
      model: program.name,
      from,
      rows,
      targets,
      outputs: Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data])),
    });
    const narrow = answered(found);
    for (const each of figures) each.add(narrow);
    if (other) {
      const wide = answered(await other.run(Object.fromEntries(inputs)));
      for (const each of ofSingle) each.add(wide);
      differences.add(narrow, wide);
    }
    onProgress?.(from + rows);
  }
  for (const each of [session, other]) each?.destroy();
  const all = figures.map((each) => each.figures);
  return {
    figures: all,
    seconds,
    ...(other && {
      difference: differences.between(
        all,
        ofSingle.map((each) => each.figures),
      ),
    }),
  };
}

/** Examples as the program reads them. */
function asRead(rows: Rows, { name, dtype, loss }: DataPart, bytes: InBytes): TensorData {
  const data = ARRAYS[dtype].from(rows);
  const scaled = typeof bytes === "boolean" ? bytes && !loss && dtype === "f32" : bytes.includes(name);
  return scaled ? data.map((value) => value / 255) : data;
}
