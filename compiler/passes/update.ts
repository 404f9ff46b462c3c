/**
 * Which updates overwrite their state in place. A result may take the memory of the old value only where nobody needs
 * that value any more: no other thread of its own kernel, and no kernel that has to come later. Otherwise it is stored
 * apart, and copied when all have read what they need.
 */
import { must } from "../errors.ts";
import type { Expr } from "../ir/expr.ts";
import type { Graph, Node, Update } from "../ir/graph.ts";
import type { Region } from "../ir/region.ts";
import { axisIndex } from "../math/affine.ts";
import { children, load, opContext } from "../math/build.ts";
import { derivedNode, inRole, suffixed } from "../ops/derived.ts";
import { tensorsOf } from "./analysis.ts";
import { circles, dependencies, type Effects, topological } from "./order.ts";

/** Tensors whose results overwrite others: from the value to the state whose buffer holds it. */
export type InPlace = ReadonlyMap<Node, Node>;

export interface Overwriting {
  /** With a region for each copy. */
  readonly regions: readonly Region[];
  readonly inPlace: InPlace;
}

export function overwrite(graph: Graph, regions: readonly Region[]): Overwriting {
  const updates = (graph.updates ?? []).filter((u) => u.value !== u.state);
  const roots = new Map<Node, Region>(regions.map((r) => [r.root, r]));
  const direct = new Set<Update>();
  const taken = new Set<Node>();
  for (const update of updates) {
    const region = roots.get(update.value);
    if (!region || taken.has(update.value) || !readsItsOwn(region, update.state)) continue;
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
): Overwriting {
  const copies = updates.filter((u) => !direct.has(u)).map((u) => [copyOf(u), u.state] as const);
  return {
    regions: [...regions, ...copies.map(([region]) => region)],
    inPlace: new Map<Node, Node>([
      ...[...direct].map((u) => [u.value, u.state] as const),
      ...copies.map(([region, state]) => [region.root, state] as const),
    ]),
  };
}

function copyOf({ state, value }: Update): Region {
  const root = derivedNode(
    "copy",
    state.type,
    inRole(suffixed(state.origin, "copied"), "update", state),
    ({ at }) => load(value, at.map(axisIndex)),
  );
  const context = opContext(root);
  const copied = root.op.define(root.attrs, context);
  return { root, nodes: [root], axes: context.at, value: copied, reads: tensorsOf(copied), phase: "run" };
}

/** The roots of regions that wait for each other, a list for each circle (or several circles that touch). */
function waiting({ regions, inPlace }: Overwriting): readonly (readonly Node[])[] {
  const of = ({ root, reads }: Region): Effects => ({ reads, writes: root, overwrites: inPlace.get(root) });
  const { stuck } = topological(regions, of, () => 0);
  return circles(dependencies(stuck, of)).map((circle) => circle.map((region) => region.root));
}

/** Whether a region reads a tensor, if at all, at the very place where it writes. */
function readsItsOwn({ value, axes }: Region, tensor: Node): boolean {
  const walk = (e: Expr): boolean =>
    e.kind === "load" && e.from === tensor
      ? e.index.every((index, d) => index === axisIndex(must(axes[d], "axis")))
      : children(e).every(walk);
  return walk(value);
}
