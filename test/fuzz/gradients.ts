/** The gradients of one random model, against central differences of the oracle. */
import { tensorOf } from "../../compiler/dsl/tensor.ts";
import { UserError } from "../../compiler/errors.ts";
import { type Reference, reference } from "../oracle/compare.ts";
import type { Meaning } from "../oracle/oracle.ts";
import { hereFor } from "../oracle/weft.ts";
import { checkGradients, MostAtKinks } from "../train/gradients.ts";
import { dataFor } from "./data.ts";
import { buildModel, type ModelSpec, printModel } from "./spec.ts";
import { userMeanings } from "./userOps.ts";

/** Finite, and moved by rounding by no more than a thousandth of its size. */
function isSteady({ value, floor }: Reference): boolean {
  const largest = value.data.reduce((a, v) => Math.max(a, Math.abs(v)), 0);
  return value.data.every(Number.isFinite) && floor <= 1e-3 * largest + 1e-30;
}

/** Some parameter has no gradient, and the compiler says so: of one step of an LSTM, or where it is read for places alone. */
export const isIndependent = (error: unknown): boolean =>
  error instanceof UserError && error.message.includes("the loss does not depend on");

/** No number at 0, where its slope is infinite. */
const sqrt: Meaning = ({ inputs: [x] }) => {
  if (!x) throw new Error("missing operand");
  return { shape: x.shape, data: x.data.map((v) => (v === 0 ? Number.NaN : Math.sqrt(v))) };
};

/**
 * False where there is nothing to compare: f32 has no right answer, or the slope jumps everywhere. Models of an even
 * seed are compiled as a training step is. Throws an error that shows the model file.
 */
export async function checkModelGradients(spec: ModelSpec): Promise<boolean> {
  try {
    const graph = buildModel(spec);
    const [batch = 1] = spec.batches;
    const y = graph.outputs[0]?.node;
    if (!y) throw new Error("no output");
    const { inputs, params } = dataFor(graph, batch, spec.seed);
    if (
      !Object.values(reference(graph, inputs, params, { custom: { ...userMeanings, sqrt } })).every(isSteady)
    )
      return false;
    await checkGradients(tensorOf(y), {
      batches: [batch],
      custom: userMeanings,
      seed: spec.seed,
      training: spec.seed % 2 === 0,
      given: { ...inputs, ...params },
      loose: 30,
      device: hereFor,
      // Kernels of gradients differ little between the targets for WebGPU.
      target: spec.how.target === "wasm" ? "wasm" : "portable",
    });
    return true;
  } catch (e) {
    if (e instanceof MostAtKinks || isIndependent(e)) return false;
    throw new Error(`${e instanceof Error ? e.message : e}\n\n${printModel(spec)}\n`, { cause: e });
  }
}
