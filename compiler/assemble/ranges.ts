/**
 * Ranges of the batch. Kernels that suit one example do not suit a thousand: where a target asks for it, a model is carried
 * out once for each of a few ranges, in the buffers of the whole; what does not differ is one kernel.
 */
import type { BufferPlan } from "../../contract/program.ts";
import { must } from "../errors.ts";
import type { Graph, Node } from "../ir/graph.ts";
import type { MemoryPlan, Step } from "../ir/step.ts";
import { countAt } from "../ir/type.ts";
import { printSchedule } from "../strategies/index.ts";

/** Batches up to `most`, for which kernels are made as for `batch`. */
export interface Range {
  readonly most: number;
  readonly batch: number;
}

/** One example, and few; what is above them is made for `LARGE`. */
export const RANGES: readonly Range[] = [
  { most: 1, batch: 1 },
  { most: 64, batch: 32 },
];
export const LARGE = 512;

/** How a range is carried out. */
export interface RangeSteps {
  readonly most: number;
  /** By dispatch. */
  readonly bundles: readonly (readonly Step[])[];
  readonly memory: MemoryPlan;
}

/** Those that are not carried out as the next larger one is, or, the last of them, as the whole. */
export function differing<R extends { readonly steps: readonly Step[] }>(
  ranges: readonly R[],
  whole: { readonly steps: readonly Step[] },
): readonly R[] {
  const texts = [...ranges, whole].map(({ steps }) =>
    steps.map((s) => printSchedule(s.kernel, s.schedule)).join("\n"),
  );
  return ranges.filter((_, i) => texts[i] !== texts[i + 1]);
}

/** What lasts from run to run, or is seen from outside: it lies in one place for all ranges. */
function lasting(graph: Graph, { bundles, memory }: Omit<RangeSteps, "most">): ReadonlySet<Node> {
  const results = bundles
    .flat()
    .filter((s) => s.region.phase === "prepare")
    .flatMap((s) => s.kernel.results.map((r) => r.root));
  const given = [...graph.inputs.map((i) => i.node), ...graph.nodes.filter((n) => n.kind === "param")];
  const seen = graph.outputs.map((o) => o.node);
  return new Set([...given, ...results, ...seen].filter((n) => memory.place.has(n)));
}

/**
 * The ranges in the buffers of the whole, with what they need besides: of a range's own buffers each lies in one of the
 * whole's that is as large for every batch of it, or in a new one, whose size does not depend on the batch.
 */
export function inOneMemory(
  graph: Graph,
  whole: Omit<RangeSteps, "most">,
  ranges: readonly RangeSteps[],
): { readonly memory: MemoryPlan; readonly ranges: readonly RangeSteps[] } {
  const fixed = lasting(graph, whole);
  const pinned = new Set([...fixed].map((n) => must(whole.memory.place.get(n), "place")));
  const buffers: BufferPlan[] = [...whole.memory.buffers];
  const moved = ranges.map((range): RangeSteps => {
    const { most, memory } = range;
    const taken = new Set(pinned);
    const to = new Map<number, number>();
    for (const node of fixed)
      to.set(must(memory.place.get(node), "place"), must(whole.memory.place.get(node), "place"));
    for (const [i, { name, bytes }] of memory.buffers.entries()) {
      if (to.has(i)) continue;
      const needs = [1, most].map((n) => countAt(bytes, n));
      const fits = ({ bytes: own }: BufferPlan): boolean =>
        [1, most].every((n, end) => countAt(own, n) >= must(needs[end], "size"));
      let at = buffers.findIndex((b, place) => !taken.has(place) && fits(b));
      if (at < 0) {
        at = buffers.length;
        buffers.push({ name, bytes: { fixed: must(needs[1], "size"), perBatch: 0 } });
      }
      taken.add(at);
      to.set(i, at);
    }
    const place = new Map([...memory.place].map(([node, i]) => [node, must(to.get(i), "buffer")] as const));
    return { ...range, memory: { ...memory, place } };
  });
  return {
    memory: { ...whole.memory, buffers },
    ranges: moved.map((r) => ({ ...r, memory: { ...r.memory, buffers } })),
  };
}
