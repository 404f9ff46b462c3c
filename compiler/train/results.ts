/** What a step's kernels write, for whoever has to say where a number that is none came from. */
import type { Result } from "../../contract/training.ts";
import type { OpNode } from "../ir/graph.ts";
import type { Step } from "../ir/step.ts";

/** Of each dispatch of a run, in the order of what it writes. */
export function resultsOf(bundles: readonly (readonly Step[])[]): readonly (readonly Result[])[] {
  return bundles
    .filter((bundle) => bundle[0]?.region.phase === "run")
    .map((bundle) =>
      bundle.flatMap(({ region, kernel }) => kernel.results.map(({ root }) => resultOf(root, region.nodes))),
    );
}

function resultOf(root: OpNode, nodes: readonly OpNode[]): Result {
  const { name, role } = root.origin;
  if (role) return [role.kind, role.of];
  const sharing = nodes.filter((n) => n !== root && !n.origin.role);
  return ["activations", name, ...sharing.map((n) => n.origin.name)];
}
