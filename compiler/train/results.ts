/** What a step's kernels write, for whoever has to say where a number that is none came from. */
import type { Result } from "../../contract/training.ts";
import type { Step } from "../ir/step.ts";

/** Of each dispatch of a run, in the order of what it writes. */
export function resultsOf(bundles: readonly (readonly Step[])[]): readonly (readonly Result[])[] {
  return bundles
    .filter((bundle) => bundle[0]?.region.phase === "run")
    .map((bundle) => bundle.map(({ region }) => resultOf(region)));
}

function resultOf({ root, nodes }: Step["region"]): Result {
  const { name, role } = root.origin;
  if (role) return [role.kind, role.of];
  const sharing = nodes.filter((n) => n !== root && !n.origin.role);
  return ["activations", name, ...sharing.map((n) => n.origin.name)];
}
