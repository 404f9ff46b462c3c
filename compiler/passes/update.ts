/**
 * Which updates overwrite their state in place. A result may take the memory of the old value only where nobody needs
 * that value any more: no other thread of its own kernel, and no kernel that has to come later. Otherwise it is stored
 * apart, and copied when all have read what they need.
 */
import { must } from "../errors.ts";
import type { Graph, Node, Update } from "../ir/graph.ts";
import type { Region } from "../ir/region.ts";
import { axisIndex } from "../math/affine.ts";
import { load, opContext } from "../math/build.ts";
import { derivedNode, inRole, suffixed } from "../ops/derived.ts";
import { readsAt } from "./analysis.ts";
import { circles, dependencies, effectsOf, topological } from "./order.ts";
import { regionOf } from "./partition.ts";

/** The regions with what their results overwrite, and a region for each copy. */
export function overwrite(graph: Graph, regions: readonly Region[]): readonly Region[] {
  const updates = (graph.updates ?? []).filter((u) => u.value !== u.state);
  const made = new Map<Node, Region>(regions.flatMap((r) => r.results.map(({ root }) => [root, r] as const)));
  const direct = new Set<Update>();
  const taken = new Set<Node>();
  for (const update of updates) {
    const region = made.get(update.value);
    if (!region || taken.has(update.value) || !overwritesItsOwn(region, update)) continue;
    taken.add(update.value);
    direct.add(update);
  }
  for (;;) {
    const found = placed(updates, direct, regions);
    const cycles = waiting(found);
    if (cycles.length === 0) return found;
    // Of each circle the smallest: to open one at a time would be a pass over all regions for each.
    const cycleOf = new Map(cycles.flatMap((roots, i) => roots.map((root) => [root, i] as const)));
    const opened: Update[] = [];
    for (const update of direct) {
      const cycle = cycleOf.get(update.value);
      if (cycle === undefined) continue;
      const other = opened[cycle];
      if (!other || sizeOf(update) < sizeOf(other)) opened[cycle] = update;
    }
    for (const i of cycles.keys())
      direct.delete(must(opened[i], "an update among regions that wait for each other"));
  }
}

const sizeOf = ({ state }: Update): number => state.type.shape.reduce<number>((a, d) => a * Number(d), 1);

function placed(
  updates: readonly Update[],
  direct: ReadonlySet<Update>,
  regions: readonly Region[],
): readonly Region[] {
  const states = new Map<Node, Node>([...direct].map((u) => [u.value, u.state]));
  const placed = (region: Region): Region => {
    const results = region.results.map((r) => {
      const overwrites = states.get(r.root);
      return overwrites ? { ...r, overwrites } : r;
    });
    return { ...region, results };
  };
  return [...regions.map(placed), ...updates.filter((u) => !direct.has(u)).map(copyOf)];
}

function copyOf({ state, value }: Update): Region {
  const root = derivedNode(
    "copy",
    state.type,
    inRole(suffixed(state.origin, "copied"), "update", state),
    ({ at }) => load(value, at.map(axisIndex)),
  );
  const context = opContext(root);
  const region = regionOf(root, context.at, root.op.define(root.attrs, context));
  return { ...region, results: region.results.map((r) => ({ ...r, overwrites: state })) };
}

/** The roots of regions that wait for each other, a list for each circle (or several circles that touch). */
function waiting(regions: readonly Region[]): readonly (readonly Node[])[] {
  const { stuck } = topological(regions, effectsOf, () => 0);
  return circles(dependencies(stuck, effectsOf)).map((circle) =>
    circle.flatMap((region) => region.results.map((r) => r.root)),
  );
}

/** Whether a region reads a state, if at all, at the very place where it writes the new value. */
function overwritesItsOwn({ results }: Region, { state, value }: Update): boolean {
  return results.every((r) => r.root !== value || readsAt(results, state, r.place));
}
