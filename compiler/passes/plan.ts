/** Buffers and dispatches: lifetimes, reuse, and the memory that a program takes, known before it runs. */

import { must } from "../errors.ts";
import { type Graph, isBytes, type Node } from "../ir/graph.ts";
import type { Region } from "../ir/region.ts";
import type { MemoryPlan } from "../ir/step.ts";
import { addCounts, type Count, elements, scaleCount } from "../ir/type.ts";

/** WebGPU's default limit of one storage binding. */
export const MAX_BINDING = 128 * 1024 * 1024;

/** Bytes of a tensor, rounded up to whole 16-byte vectors. */
function bytesOf(node: Node, halves: ReadonlySet<Node> | undefined): Count {
  const { fixed, perBatch } = scaleCount(elements(node.type.shape), halves?.has(node) ? 2 : 4);
  return perBatch === 0
    ? { fixed: Math.ceil(fixed / 16) * 16, perBatch }
    : { fixed: perBatch % 16 === 0 ? 0 : 16, perBatch };
}

/**
 * `bundles`: the regions of each dispatch; those of one run at the same time. `inPlace`: results that overwrite a stored tensor. A tensor drawn from a data set has a buffer whose size the data
 * decides, so it does not count here.
 */
export function planMemory(
  graph: Graph,
  bundles: readonly (readonly Region[])[],
  aliases: ReadonlyMap<Node, Node>,
  inPlace: ReadonlyMap<Node, Node>,
  halves?: ReadonlySet<Node>,
): MemoryPlan {
  const buffers: { name: string; bytes: Count }[] = [];
  const place = new Map<Node, number>();
  const own = (node: Node): void => {
    if (place.has(node)) return;
    place.set(node, buffers.length);
    buffers.push({
      name: node.origin.name,
      bytes: isBytes(node) ? { fixed: 0, perBatch: 0 } : bytesOf(node, halves),
    });
  };
  for (const { node } of graph.inputs) own(node);
  for (const node of graph.nodes) if (node.kind === "param") own(node);
  const order = graph.inputs.some((i) => isBytes(i.node)) ? buffers.length : undefined;
  if (order !== undefined) buffers.push({ name: "order", bytes: { fixed: 0, perBatch: 0 } });
  for (const [result, target] of inPlace) place.set(result, must(place.get(target), "overwritten buffer"));
  const outputs = graph.outputs.map((o) => aliases.get(o.node) ?? o.node);
  for (const r of bundles.flat()) if (r.phase === "prepare" || outputs.includes(r.root)) own(r.root);

  const run = bundles.filter((b) => b.some((r) => r.phase === "run"));
  const computed = new Set<Node>(run.flat().map((r) => r.root));
  const lastRead = new Map<Node, number>();
  run.forEach((regions, step) => {
    for (const t of regions.flatMap((r) => r.reads)) lastRead.set(t, step);
  });
  const free: number[] = [];
  run.forEach((regions, step) => {
    for (const r of regions)
      if (!place.has(r.root))
        place.set(r.root, takeSlot(bytesOf(r.root, halves), r.root.origin.name, buffers, free));
    for (const t of new Set(regions.flatMap((r) => r.reads))) {
      const transient = computed.has(t) && !outputs.includes(t) && !inPlace.has(t);
      if (transient && lastRead.get(t) === step) free.push(must(place.get(t), "buffer"));
    }
  });
  const peakBytes = buffers.reduce((sum, b) => addCounts(sum, b.bytes), { fixed: 0, perBatch: 0 });
  return { buffers, place, order, peakBytes, maxBatch: largestBatch(buffers) };
}

/** The largest batch whose buffers can be bound by default: 0 where a fixed one cannot, null where nothing depends on N. */
export function largestBatch(buffers: readonly { readonly bytes: Count }[]): number | null {
  if (buffers.some(({ bytes }) => bytes.fixed > MAX_BINDING)) return 0;
  const growing = buffers.filter(({ bytes }) => bytes.perBatch > 0);
  if (growing.length === 0) return null;
  return Math.min(...growing.map(({ bytes }) => Math.floor((MAX_BINDING - bytes.fixed) / bytes.perBatch)));
}

/**
 * A free buffer of the same kind (per batch or fixed), the tightest that fits, else the largest, which grows;
 * a new one where none is free.
 */
function takeSlot(
  need: Count,
  name: string,
  buffers: { name: string; bytes: Count }[],
  free: number[],
): number {
  const size = (c: Count): number => c.perBatch || c.fixed;
  const fits = free
    .filter((i) => must(buffers[i], "buffer").bytes.perBatch > 0 === need.perBatch > 0)
    .toSorted((a, b) => size(must(buffers[a], "buffer").bytes) - size(must(buffers[b], "buffer").bytes));
  const chosen = fits.find((i) => size(must(buffers[i], "buffer").bytes) >= size(need)) ?? fits.at(-1);
  if (chosen === undefined) {
    buffers.push({ name, bytes: need });
    return buffers.length - 1;
  }
  free.splice(free.indexOf(chosen), 1);
  const buffer = must(buffers[chosen], "buffer");
  buffer.bytes = {
    fixed: Math.max(buffer.bytes.fixed, need.fixed),
    perBatch: Math.max(buffer.bytes.perBatch, need.perBatch),
  };
  return chosen;
}
