/** A training step's own forward pass and metrics as the program that measures: a page then has one set of kernels. */
import type { BufferPlan, Dispatch, Program, Signature } from "../../contract/program.ts";
import { must } from "../errors.ts";
import { addCounts } from "../ir/type.ts";
import { largestBatch } from "../passes/plan.ts";

/**
 * The dispatches of `step` that lead to its metrics, with the parameters that `evaluate` has. Undefined where they
 * are not to be had alone: a dispatch that they need changes a parameter as well, or something is prepared ahead.
 */
export function measuringPart(step: Program, evaluate: Program): Program | undefined {
  const metrics = must(
    step.params.find((p) => p.use === "metrics"),
    "metrics",
  ).buffer;
  const chosen = leadingTo(step, metrics);
  const states = new Set(step.params.map((p) => p.buffer));
  const changed = chosen.flatMap((d) => written(step, d)).filter((b) => states.has(b) && b !== metrics);
  if (step.prepare.length > 0 || changed.length > 0) return undefined;

  const names = evaluate.params.map((p) => p.name);
  const params = names.map((name) =>
    must(
      step.params.find((p) => p.name === name),
      name,
    ),
  );
  const used = new Set([...step.inputs, ...params].map((s) => s.buffer));
  for (const b of chosen.flatMap((d) => d.buffers)) used.add(b);
  const buffers = [...used].sort((a, b) => a - b);
  // A module has all of its kernels, by their numbers.
  const kernels = step.module ? [...step.kernels.keys()] : [...new Set(chosen.map((d) => d.kernel))];
  const moved = <S extends Signature>(s: S): S => ({ ...s, buffer: buffers.indexOf(s.buffer) });
  const plans = buffers.map((b) => must(step.buffers[b], "buffer"));
  return {
    ...step,
    inputs: step.inputs.map(moved),
    params: params.map(moved),
    buffers: plans,
    kernels: kernels.map((k) => ({
      ...must(step.kernels[k], "kernel"),
      layers: chosen.filter((d) => d.kernel === k).flatMap((d) => d.layers),
    })),
    dispatches: chosen.map((d) => ({
      ...d,
      kernel: kernels.indexOf(d.kernel),
      buffers: d.buffers.map((b) => buffers.indexOf(b)),
    })),
    ...memoryOf(plans),
  };
}

function written({ kernels }: Program, { kernel, buffers }: Dispatch): readonly number[] {
  const { bindings } = must(kernels[kernel], "kernel");
  return buffers.filter((_, i) => bindings[i]?.access === "read_write");
}

/** Backwards from the last: what writes a buffer that is still to be read. Parameters are changed in place, others anew. */
function leadingTo(step: Program, buffer: number): readonly Dispatch[] {
  const states = new Set(step.params.map((p) => p.buffer));
  const needed = new Set([buffer]);
  return step.dispatches
    .toReversed()
    .filter((dispatch) => {
      const writes = written(step, dispatch);
      if (!writes.some((b) => needed.has(b))) return false;
      for (const b of writes) if (!states.has(b)) needed.delete(b);
      for (const b of dispatch.buffers) if (!writes.includes(b)) needed.add(b);
      return true;
    })
    .toReversed();
}

function memoryOf(buffers: readonly BufferPlan[]): Pick<Program, "peakBytes" | "maxBatch"> {
  return {
    peakBytes: buffers.reduce((sum, b) => addCounts(sum, b.bytes), { fixed: 0, perBatch: 0 }),
    maxBatch: largestBatch(buffers),
  };
}
