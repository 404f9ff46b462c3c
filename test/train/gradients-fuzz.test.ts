/**
 * Gradients of random models, against central differences of the oracle. A failure is shown as a model file;
 * WEFT_FUZZ_RUNS and WEFT_FUZZ_SEED choose more.
 */
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { tensorOf } from "../../compiler/dsl/tensor.ts";
import { dataFor } from "../fuzz/data.ts";
import { models } from "../fuzz/draw.ts";
import { buildModel, type ModelSpec, printModel } from "../fuzz/spec.ts";
import { type Reference, reference } from "../oracle/compare.ts";
import type { Meaning } from "../oracle/oracle.ts";
import { closeDevice } from "../oracle/weft.ts";
import { checkGradients, MostAtKinks } from "./gradients.ts";

afterAll(closeDevice);

const seed = Number(process.env["WEFT_FUZZ_SEED"] ?? 847);
const runs = Number(process.env["WEFT_FUZZ_RUNS"] ?? 12);

/** Finite, and moved by rounding by no more than a thousandth of its size. */
function isSteady({ value, floor }: Reference): boolean {
  const largest = value.data.reduce((a, v) => Math.max(a, Math.abs(v)), 0);
  return value.data.every(Number.isFinite) && floor <= 1e-3 * largest + 1e-30;
}

/** No number at 0, where its slope is infinite. */
const sqrt: Meaning = ({ inputs: [x] }) => {
  if (!x) throw new Error("missing operand");
  return { shape: x.shape, data: x.data.map((v) => (v === 0 ? Number.NaN : Math.sqrt(v))) };
};

/** False where there is nothing to compare: f32 has no right answer, or the slope jumps everywhere. */
async function check(spec: ModelSpec, training: boolean): Promise<boolean> {
  const graph = buildModel(spec);
  const y = graph.outputs[0]?.node;
  if (!y) throw new Error("no output");
  const { inputs, params } = dataFor(graph, spec.batch, spec.seed);
  if (!Object.values(reference(graph, inputs, params, { custom: { sqrt } })).every(isSteady)) return false;
  const given = { ...inputs, ...params };
  try {
    await checkGradients(tensorOf(y), {
      batches: [spec.batch],
      seed: spec.seed,
      training,
      given,
      loose: 30,
    });
    return true;
  } catch (e) {
    if (e instanceof MostAtKinks) return false;
    throw e;
  }
}

test(`gradients of ${runs} random models (seed ${seed})`, { timeout: 1_800_000 }, async () => {
  const failures = new Map<string, { count: number; text: string }>();
  let compared = 0;
  for (const [i, spec] of fc.sample(models(5), { seed, numRuns: runs }).entries()) {
    try {
      if (await check(spec, i % 2 === 0)) compared++;
    } catch (e) {
      const text = e instanceof Error ? e.message : String(e);
      const kind = (text.split("\n")[0] ?? "").replace(/[\d.]+/g, "#");
      const known = failures.get(kind);
      failures.set(kind, {
        count: (known?.count ?? 0) + 1,
        text: known?.text ?? `${text}\n\n${printModel(spec)}`,
      });
    }
  }
  console.log(`${compared} of ${runs} models compared`);
  const texts = [...failures.values()].map(({ count, text }) => `${count} × ${text}`);
  expect(texts.join("\n\n")).toBe("");
  expect(compared).toBeGreaterThan(runs / 2);
});
