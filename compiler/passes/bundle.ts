/**
 * Horizontal fusion: kernels that do not depend on each other share a dispatch, and a shader, where none of them needs the
 * adapter to itself. A training step has many: the gradients and the updates of its parameters.
 */
import { STORAGE_BUFFERS, WORKGROUP_BYTES } from "../../contract/limits.ts";
import type { Grid } from "../../contract/program.ts";
import { must } from "../errors.ts";
import type { Kernel } from "../ir/kernel.ts";
import type { Step } from "../ir/step.ts";
import { isKnown } from "../ir/type.ts";
import { visit } from "../math/build.ts";
import { positionsAt, type Target } from "../strategies/target.ts";
import { dependencies, effectsOf, tensorsBound } from "./order.ts";

/** What a step takes of a dispatch. */
export interface Needs {
  /** In threads. */
  readonly grid: Grid;
  /** Bytes of workgroup memory. */
  room(): number;
}

/** Steps of a dispatch, and what they take of it together. */
interface Bundle {
  readonly steps: Step[];
  readonly head: Step;
  /** The factor of the batch that all have; undefined where they are to be alone. */
  readonly batchTile: number | undefined;
  buffers: number;
  room: number;
}

/**
 * The dispatches, in order: each step is in the first one behind all that it waits for which has what it needs, for other adapters
 * than GPUs in the last one or in none. `steps` are in an order of execution.
 */
export function bundle(
  steps: readonly Step[],
  target: Target,
  needsOf: (step: Step) => Needs,
): readonly (readonly Step[])[] {
  const before = dependencies(steps, (s) => effectsOf(s.kernel));
  const places = new Map<Step, number>();
  const bundles: Bundle[] = [];
  for (const step of steps) {
    const own = alone(step, target, needsOf(step));
    const waits = [...must(before.get(step), "step")].map((s) => must(places.get(s), "earlier step"));
    // Elsewhere neighbours alone: a dispatch costs little, and what measures stays apart from what trains.
    const first = Math.max(-1, ...waits, target.gpu ? -1 : bundles.length - 2) + 1;
    const at = bundles.findIndex((b, i) => i >= first && joins(b, own));
    const found = bundles[at];
    places.set(step, found ? at : bundles.push(own) - 1);
    if (!found) continue;
    found.steps.push(step);
    found.buffers += own.buffers;
    found.room += own.room;
  }
  return bundles.map((b) => b.steps);
}

function alone(step: Step, target: Target, { grid, room }: Needs): Bundle {
  const shares = isSmall(step, target, grid);
  return {
    steps: [step],
    head: step,
    batchTile: shares ? grid.batchTile : undefined,
    buffers: tensorsBound(effectsOf(step.kernel)).length,
    room: shares && step.schedule.together ? room() : 0,
  };
}

/** Whether a dispatch has left what a step takes. Where threads meet, workgroups are counted, and the batch tears none. */
function joins(to: Bundle, own: Bundle): boolean {
  return (
    own.batchTile !== undefined &&
    own.batchTile === to.batchTile &&
    to.buffers + own.buffers <= STORAGE_BUFFERS &&
    to.room + own.room <= WORKGROUP_BYTES &&
    to.head.region.phase === own.head.region.phase &&
    to.head.schedule.workgroup === own.head.schedule.workgroup &&
    (own.batchTile === 0 || isWhole([...to.steps, own.head]))
  );
}

/** Whether a block of examples is so many threads that work by themselves, or so many workgroups. */
function isWhole(steps: readonly Step[]): boolean {
  const [kind, ...others] = new Set(steps.map((s) => s.schedule.together));
  return others.length === 0 && (kind === null || kind === "workgroup");
}

/** Output elements up to which a kernel leaves most of any adapter idle. */
const SMALL = 8192;

/**
 * Whether a kernel would leave adapters idle. A GPU's threads are counted, whatever they do; and where each works by itself, so
 * that no more registers are taken, it is enough if the kernel takes less time than a further dispatch would.
 */
function isSmall({ kernel, schedule }: Step, target: Target, { items, batchTile }: Grid): boolean {
  const single = schedule.together === null && kernel.kind === "mapReduce";
  const known = kernel.space.every((a) => isKnown(a.extent));
  const { gpu, batch } = target;
  if (!gpu) return single && known && positionsAt(kernel.space, target) <= SMALL;
  const threads = items * (batchTile > 0 ? Math.ceil(batch / batchTile) : 1);
  const pass = gpu.stage?.pass ?? 0;
  return threads <= gpu.threads || (single && known && termsOf(kernel, target) <= pass * gpu.threads);
}

/** Terms of all sums, and results, of a kernel. */
function termsOf({ space, results }: Kernel, target: Target): number {
  let terms = results.length;
  for (const { value } of results)
    visit(value, (e) => {
      if (e.kind === "reduce") terms += positionsAt(e.axes, target);
    });
  return terms * positionsAt(space, target);
}
