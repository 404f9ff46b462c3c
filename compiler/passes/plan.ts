/** Buffers and dispatches: lifetimes, reuse, and the memory that a program takes, known before it runs. */

import { BINDING_BYTES } from "../../contract/limits.ts";
import type { Count } from "../../contract/type.ts";
import { must } from "../errors.ts";
import type { Graph, Node } from "../ir/graph.ts";
import type { MemoryPlan, Step } from "../ir/step.ts";
import { inBuffer, rowsOf, type Storages, typeOf } from "../ir/storage.ts";
import { addCounts, elements } from "../ir/type.ts";
import { codecs } from "../ops/codec.ts";

/** Bytes of a tensor, rounded up to whole 16-byte vectors. The data decides how many rows a data set has: they do not count. */
function bytesOf(node: Node, storages: Storages): Count {
  if (rowsOf(node)) return { fixed: 0, perBatch: 0 };
  const type = typeOf(storages, node);
  const count = elements(node.type.shape);
  const [fixed, perBatch] = [codecs[type].bytes(count.fixed), codecs[type].bytes(count.perBatch)];
  return perBatch === 0
    ? { fixed: Math.ceil(fixed / 16) * 16, perBatch }
    : { fixed: perBatch % 16 === 0 ? 0 : 16, perBatch };
}

/** What memory is planned for. */
export interface Lying {
  readonly graph: Graph;
  /** The steps of each dispatch; those of one run at the same time. */
  readonly bundles: readonly (readonly Step[])[];
  readonly storages: Storages;
}

export function planMemory({ graph, bundles, storages }: Lying): MemoryPlan {
  const buffers: Buffers = [];
  const place = new Map<Node, number>();
  const own = (node: Node): void => {
    if (place.has(node)) return;
    place.set(node, buffers.length);
    buffers.push({ name: node.origin.name, bytes: bytesOf(node, storages) });
  };
  for (const { node } of graph.inputs) own(node);
  for (const node of graph.nodes) if (node.kind === "param" && inBuffer(storages, node)) own(node);
  for (const { kernel, region } of bundles.flat())
    for (const { root, overwrites } of kernel.results)
      if (overwrites) place.set(root, must(place.get(overwrites), "overwritten buffer"));
      else if (region.phase === "prepare" || storages.get(root)?.seen) own(root);

  const run = bundles.filter((b) => b.some((s) => s.region.phase === "run"));
  const readsOf = (steps: readonly Step[]): ReadonlySet<Node> =>
    new Set(steps.flatMap((s) => s.kernel.reads));
  const lastRead = new Map<Node, number>();
  run.forEach((steps, i) => {
    for (const tensor of readsOf(steps)) lastRead.set(tensor, i);
  });
  const transient = new Set<Node>();
  const free = new FreeBuffers(buffers);
  run.forEach((steps, i) => {
    for (const { root } of steps.flatMap((s) => s.kernel.results)) {
      if (place.has(root)) continue;
      transient.add(root);
      place.set(root, takeSlot(bytesOf(root, storages), root.origin.name, buffers, free));
    }
    // What the dispatch itself reads last is free only for those after it.
    for (const tensor of readsOf(steps))
      if (transient.has(tensor) && lastRead.get(tensor) === i) free.push(must(place.get(tensor), "buffer"));
  });
  const peakBytes = buffers.reduce((sum, b) => addCounts(sum, b.bytes), { fixed: 0, perBatch: 0 });
  return { buffers, place, peakBytes, maxBatch: largestBatch(buffers) };
}

/** The largest batch whose buffers can be bound by default: 0 where a fixed one cannot, null where nothing depends on N. */
export function largestBatch(buffers: readonly { readonly bytes: Count }[]): number | null {
  if (buffers.some(({ bytes }) => bytes.fixed > BINDING_BYTES)) return 0;
  const growing = buffers.filter(({ bytes }) => bytes.perBatch > 0);
  if (growing.length === 0) return null;
  return Math.min(...growing.map(({ bytes }) => Math.floor((BINDING_BYTES - bytes.fixed) / bytes.perBatch)));
}

type Buffers = { name: string; bytes: Count }[];

const sizeOf = ({ perBatch, fixed }: Count): number => perBatch || fixed;

/** Buffers that nothing lies in any more. */
class FreeBuffers {
  readonly #buffers: Buffers;
  /** By their size; of one size, those first that were free first. */
  readonly #fixed: number[] = [];
  readonly #perBatch: number[] = [];

  constructor(buffers: Buffers) {
    this.#buffers = buffers;
  }

  push(buffer: number): void {
    const { bytes } = must(this.#buffers[buffer], "buffer");
    const list = this.#like(bytes);
    list.splice(this.#firstOf(list, sizeOf(bytes) + 1), 0, buffer);
  }

  /** One of the same kind (per batch or fixed), the tightest that fits, else the largest; undefined where none is free. */
  take(need: Count): number | undefined {
    const list = this.#like(need);
    const at = Math.min(this.#firstOf(list, sizeOf(need)), list.length - 1);
    return at < 0 ? undefined : list.splice(at, 1)[0];
  }

  #like({ perBatch }: Count): number[] {
    return perBatch > 0 ? this.#perBatch : this.#fixed;
  }

  /** The place of the first that is at least so large. */
  #firstOf(list: readonly number[], size: number): number {
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const { bytes } = must(this.#buffers[must(list[middle], "place")], "buffer");
      if (sizeOf(bytes) < size) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A free buffer, which grows where it is too small; a new one where none is free. */
function takeSlot(need: Count, name: string, buffers: Buffers, free: FreeBuffers): number {
  const chosen = free.take(need);
  if (chosen === undefined) {
    buffers.push({ name, bytes: need });
    return buffers.length - 1;
  }
  const buffer = must(buffers[chosen], "buffer");
  buffer.bytes = {
    fixed: Math.max(buffer.bytes.fixed, need.fixed),
    perBatch: Math.max(buffer.bytes.perBatch, need.perBatch),
  };
  return chosen;
}
