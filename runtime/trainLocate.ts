/** Where a number that is none came from. */
import type { Result } from "../contract/training.ts";
import { unfit } from "./trace.ts";
import { readState, runBatches, traceBatch } from "./trainBatch.ts";
import { type Failure, inWords } from "./trainDiverged.ts";
import type { Position } from "./trainState.ts";
import { batchOf, type Steps } from "./trainSteps.ts";

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
  const { training, executable, source, fit } = steps;
  const share = Math.min(source.share, fit.stepsPerSubmit ?? 4);
  for (let last = stepInEpoch - 1; last >= Math.max(from.stepInEpoch, stepInEpoch - BACK); last--) {
    await restore();
    for (let i = from.stepInEpoch; i < last; i += share) {
      if (fit.signal?.aborted) return undefined;
      const count = Math.min(share, last - i);
      const batches = Array.from({ length: count }, (_, k) => batchOf(steps, from, i + k));
      await runBatches(executable, source, batches);
    }
    // Where parameters are not finite already, an earlier step's gradients made them so.
    const state = await readState(executable);
    if (Object.values(state).some(({ data }) => unfit(data))) continue;
    const found = await traceBatch(executable, source, batchOf(steps, from, last));
    if (!found) return undefined;
    const { dispatch, which } = found;
    const what = `${origin(training.results[dispatch]?.[which] as Result)} ${inWords(found)}`; // one for each
    return last + 1 < stepInEpoch ? `in step ${last + 1}, ${what}` : what;
  }
  return undefined;
}

/** What a kernel wrote, in words up to how much of it. */
function origin([role, of, ...sharing]: Result): string {
  switch (role) {
    case "loss":
      return "every layer's values are finite, but the loss holds";
    case "norm":
      return "the norm of the gradients holds";
    case "gradients":
      return `the gradients of ${of} hold`;
    case "activations": // where layers share the kernel, what the last of them makes is seen
      return `${of}'s activations${sharing.length ? ` (in a kernel with ${sharing.join(", ")})` : ""} hold`;
    default:
      return `the ${role} ${role === "update" ? "of " : ""}${of} holds`;
  }
}
