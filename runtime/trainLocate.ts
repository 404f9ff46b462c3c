/** Where a number that is none came from. */
import type { Dispatch } from "../compiler/ir/program.ts";
import { type Failure, unfit } from "./trainDiverged.ts";
import type { Position } from "./trainState.ts";
import { entryOf, type Steps } from "./trainSteps.ts";

/** How many steps before the one whose loss is not finite may be to blame for its parameters. */
const BACK = 3;

/**
 * Where the first value came from that is not finite, in words: the steps are taken again from the state `from`, which
 * `restore` brings back, and the failing one kernel by kernel. The same steps give the same bits, so this finds what
 * happened; undefined where it does not happen again. Nothing of this costs anything unless training fails.
 */
export async function locate(
  steps: Steps,
  from: Position,
  { stepInEpoch }: Failure,
  restore: () => Promise<void>,
): Promise<string | undefined> {
  const { plan, source, seed, fit } = steps;
  const share = source.batch ? 1 : (fit.stepsPerSubmit ?? 4);
  for (let last = stepInEpoch - 1; last >= Math.max(from.stepInEpoch, stepInEpoch - BACK); last--) {
    await restore();
    for (let i = from.stepInEpoch; i < last; i += share) {
      if (fit.signal?.aborted) return undefined;
      const count = Math.min(share, last - i);
      await plan.run(
        Array.from({ length: count }, (_, k) => entryOf(steps, from, i + k)),
        source,
        seed,
      );
    }
    // Where parameters are not finite already, an earlier step's gradients made them so.
    const state = await plan.get();
    if (Object.values(state).some(({ data }) => unfit(data))) continue;
    let found: string | undefined;
    await plan.trace(entryOf(steps, from, last), source, seed, (dispatch, binding, data) => {
      const held = unfit(data);
      if (held) found = `${origin(dispatch, binding)} ${held}`;
      return !held;
    });
    return found && last + 1 < stepInEpoch ? `in step ${last + 1}, ${found}` : found;
  }
  return undefined;
}

/** Endings of a gradient's name that say how it is computed, not of what it is. */
const STAGES = /\.(partial|sum\d*|clipped|rows|norm)$/;

/** What a kernel writes to one of its bindings, in words up to how much of it. */
function origin({ layers }: Dispatch, binding: string): string {
  // A kernel may compute several results, each of which is named after the last of its layers.
  const plain = (name: string): string => name.replace(/\W+/g, "_");
  const root = layers.findLast((l) => plain(l) === binding) ?? (layers.at(-1) as string);
  if (/^(loss|training\.metrics_updated)$/.test(root))
    return "every layer's values are finite, but the loss holds";
  if (root.startsWith("gradients.")) return "the norm of the gradients holds";
  const update = /^(.*?)(\.(velocity|moment\d))?[._]updated$/.exec(root);
  if (update) return `the update of ${update[1]} holds`;
  const gradient = /^(.*)\.grad(?:\.(.*))?$/.exec(root.replace(STAGES, ""));
  if (gradient) return `the gradients of ${gradient[2] ?? gradient[1]} hold`;
  // Where layers share the kernel, what the last of them makes is seen.
  const others = layers.slice(0, layers.indexOf(root)).filter((l) => !l.endsWith(".scaled"));
  return `${root}'s activations${others.length ? ` (in a kernel with ${others.join(", ")})` : ""} hold`;
}
