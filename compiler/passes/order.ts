/** The order of execution, and which small kernels run side by side in one dispatch. */
import type { Node } from "../ir/graph.ts";
import type { Step } from "../ir/step.ts";

/** WebGPU's default number of storage buffers in one stage. */
const MAX_BINDINGS = 8;
/** A kernel with more output elements than this fills a dispatch of its own. */
const SMALL = 8192;

/** What is computed once comes first; what overwrites a tensor comes last, after all that read its old value. */
export function inExecutionOrder(steps: readonly Step[]): readonly Step[] {
  // Among updates the small ones come together, so that they share dispatches.
  const update = (s: Step): number => (s.kernel.kind === "contraction" ? 2 : 3);
  const rank = (s: Step): number => (s.region.phase === "prepare" ? 0 : s.inPlace ? update(s) : 1);
  return steps.toSorted((a, b) => rank(a) - rank(b));
}

/**
 * Horizontal fusion: neighbouring small kernels that do not read each other's results share a dispatch (and a
 * shader), as far as bindings allow. A training step has many: the gradients and updates of biases.
 */
export function bundle(steps: readonly Step[]): readonly (readonly Step[])[] {
  const bundles: Step[][] = [];
  for (const step of steps) {
    const last = bundles.at(-1);
    if (last && joins(last, step)) last.push(step);
    else bundles.push([step]);
  }
  return bundles;
}

function joins(bundle: readonly Step[], step: Step): boolean {
  const all = [...bundle, step];
  if (!all.every(isSmall) || bundle.some((b) => b.region.phase !== step.region.phase)) return false;
  const roots = new Set<Node>(bundle.map((b) => b.region.root));
  const overwritten = new Set(bundle.flatMap((b) => b.inPlace ?? []));
  if (step.kernel.reads.some((t) => roots.has(t) || overwritten.has(t))) return false;
  if (step.inPlace && bundle.some((b) => b.kernel.reads.includes(step.inPlace as Node))) return false;
  const bindings = all.flatMap((s) => [...s.kernel.reads.filter((t) => t !== s.inPlace), s.region.root]);
  return bindings.length <= MAX_BINDINGS && new Set(bindings).size === bindings.length;
}

/** A mapReduce with few elements, none of them per example, in which each thread works by itself. */
function isSmall({ kernel, schedule }: Step): boolean {
  if (schedule.kind === "mapReduce" && schedule.team) return false;
  if (kernel.kind !== "mapReduce" || kernel.space.some((a) => a.extent === "N")) return false;
  if (kernel.reads.some((t) => t.kind === "input" && t.storage === "bytes")) return false;
  return kernel.space.reduce((a, x) => a * Number(x.extent), 1) <= SMALL;
}
