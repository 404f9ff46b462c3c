/** Tuning of runs: random inputs, and the outputs of whole runs compared. */
import { compile } from "../../compiler/compile.ts";
import { InternalError } from "../../compiler/errors.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import type { Program } from "../../contract/program.ts";
import { checkWeights, type Weights } from "../../contract/weights.ts";
import { initialise } from "../../runtime/index.ts";
import { weightsOf } from "../weights.ts";
import { Bench, type Place } from "./bench.ts";
import { type Job, median, type Prepared, ROUNDS, type Whole } from "./job.ts";
import { deviation } from "./search.ts";

export interface InferenceOptions {
  readonly batch: number;
  readonly seed: number;
  /** A safetensors file. */
  readonly weights?: string | undefined;
  /** Those that the model's own file holds. */
  readonly own?: Weights | undefined;
  /** Is told what of it is passed over. */
  readonly note: (text: string) => void;
}

/** Throws `UserError` where the weights are not the model's. */
export async function inferenceJob(
  graph: Graph,
  { batch, seed, weights, own, note }: InferenceOptions,
): Promise<Prepared> {
  const checked = compile(graph).program;
  const given = await weightsOf(weights, own, checked, note);
  return (target): Job => {
    const how = { target, typicalBatch: batch };
    const compilation = compile(graph, how);
    const open = (place: Place, program: Program): Promise<Bench> => {
      const values = given
        ? checkWeights(program.params, given)
        : program.params.map((param) => initialise(param, seed));
      return Bench.open(place, program, batch, values);
    };
    return {
      compilation,
      batch,
      training: undefined,
      open: (place) => open(place, compilation.program),
      async compare(tuning, place) {
        const tuned = compile(graph, { ...how, tuning });
        const benches: Bench[] = [];
        try {
          for (const { program } of [compilation, tuned]) benches.push(await open(place, program));
          return await compared(benches);
        } finally {
          for (const bench of benches) bench.close();
        }
      },
    };
  };
}

/** Rounding adds up from layer to layer: a whole model is held to 1e-3 of its largest output. */
const WHOLE_MODEL = (1e-3 / (16 * 2 ** -24)) ** 2;

/** Runs both in turns. */
async function compared(benches: readonly Bench[]): Promise<Whole> {
  const times: number[][] = benches.map(() => []);
  for (let round = -1; round < ROUNDS; round++)
    for (const [i, bench] of benches.entries()) {
      const time = await bench.run(bench.dispatches);
      if (round >= 0) times[i]?.push(time);
    }
  const [expected, got] = [await benches[0]?.outputs(), await benches[1]?.outputs()];
  for (const [name, want] of expected ?? []) {
    const off = deviation(got?.get(name) ?? new Float32Array(), want, WHOLE_MODEL);
    if (off) throw new InternalError(`tuning changes the output ${name}: ${off}`);
  }
  return { default: median(times[0] ?? []), tuned: median(times[1] ?? []) };
}
