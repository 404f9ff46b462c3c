/**
 * The order of execution: a graph, whose edges say who must be done before whom: who writes before who reads (read after
 * write), and who reads an old value before who overwrites it (write after read). No tensor is written twice.
 */

import { InternalError, must } from "../errors.ts";
import type { Node } from "../ir/graph.ts";
import { nameOf, type Region } from "../ir/region.ts";
import type { Step } from "../ir/step.ts";
import { Smallest } from "../math/queue.ts";

/** What a step, or a region, does to tensors. */
export interface Effects {
  readonly reads: readonly Node[];
  readonly writes: readonly Node[];
  /** The tensors whose memory the results take: their old values are gone. */
  readonly overwrites: readonly Node[];
}

export const effectsOf = ({ reads, results }: Pick<Region, "reads" | "results">): Effects => ({
  reads,
  writes: results.map((r) => r.root),
  overwrites: results.flatMap((r) => r.overwrites ?? []),
});

/** Whether `a` has to be done before `b`. */
export function precedes(a: Effects, b: Effects): boolean {
  return (
    b.reads.some((t) => a.writes.includes(t)) || (a !== b && b.overwrites.some((t) => a.reads.includes(t)))
  );
}

/** The tensors that need a buffer of their own: a result lies in that of what it overwrites. */
export function tensorsBound({ reads, writes, overwrites }: Effects): readonly Node[] {
  return [...reads.filter((t) => !overwrites.includes(t)), ...writes];
}

/** For each of a list, those that have to be done before it. */
export function dependencies<T>(
  list: readonly T[],
  of: (item: T) => Effects,
): ReadonlyMap<T, ReadonlySet<T>> {
  const writers = new Map<Node, T>();
  const readers = new Map<Node, T[]>();
  for (const item of list) {
    const { writes, reads } = of(item);
    for (const tensor of writes) writers.set(tensor, item);
    for (const tensor of reads) {
      const others = readers.get(tensor);
      if (others) others.push(item);
      else readers.set(tensor, [item]);
    }
  }
  return new Map(
    list.map((item) => {
      const { reads, overwrites } = of(item);
      const before = new Set<T>();
      for (const tensor of reads) {
        const writer = writers.get(tensor);
        if (writer) before.add(writer);
      }
      for (const old of overwrites)
        for (const reader of readers.get(old) ?? []) if (reader !== item) before.add(reader);
      return [item, before];
    }),
  );
}

/** For each that others wait for, those others. */
function reversed<T>(before: ReadonlyMap<T, ReadonlySet<T>>): ReadonlyMap<T, readonly T[]> {
  const after = new Map<T, T[]>();
  for (const [item, others] of before) {
    for (const other of others) {
      const later = after.get(other);
      if (later) later.push(item);
      else after.set(other, [item]);
    }
  }
  return after;
}

/**
 * The list in an order that its dependencies allow; among those that may come next, the one with the lowest rank, then
 * the first (Kahn, "Topological sorting of large networks", 1962). `stuck` are those that wait for each other.
 */
export function topological<T extends object>(
  list: readonly T[],
  of: (item: T) => Effects,
  rank: (item: T) => number,
): { readonly sorted: readonly T[]; readonly stuck: readonly T[] } {
  const before = dependencies(list, of);
  const after = reversed(before);
  const waiting = new Map([...before].map(([item, others]) => [item, others.size]));
  const ranked = list.toSorted((a, b) => rank(a) - rank(b));
  const place = new Map(ranked.map((item, i) => [item, i]));
  const ready = new Smallest();
  for (const [item, i] of place) if (waiting.get(item) === 0) ready.add(i);
  const sorted: T[] = [];
  for (let i = ready.take(); i !== undefined; i = ready.take()) {
    const item = must(ranked[i], "item");
    sorted.push(item);
    for (const next of after.get(item) ?? []) {
      const left = must(waiting.get(next), "count") - 1;
      waiting.set(next, left);
      if (left === 0) ready.add(must(place.get(next), "place"));
    }
  }
  const done = new Set(sorted);
  return { sorted, stuck: list.filter((item) => !done.has(item)) };
}

/**
 * Those that wait for each other, a list for each strongly connected part of the graph: who waits for whom is walked once, and
 * against the edges once more (Sharir, "A strong-connectivity algorithm and its applications in data flow analysis", 1981).
 */
export function circles<T>(before: ReadonlyMap<T, ReadonlySet<T>>): readonly (readonly T[])[] {
  const after = reversed(before);
  const left: T[] = [];
  const seen = new Set<T>();
  for (const item of before.keys()) depthFirst(item, (t) => before.get(t) ?? [], seen, left);
  const again = new Set<T>();
  return left.toReversed().flatMap((item) => {
    const part: T[] = [];
    depthFirst(item, (t) => after.get(t) ?? [], again, part);
    return part.length > 1 ? [part] : [];
  });
}

/** Appends to `left` what is reached and not yet seen, each when all that it leads to is behind it. */
function depthFirst<T>(start: T, to: (item: T) => Iterable<T>, seen: Set<T>, left: T[]): void {
  if (seen.has(start)) return;
  seen.add(start);
  const open = [{ item: start, rest: to(start)[Symbol.iterator]() }];
  for (let top = open.at(-1); top; top = open.at(-1)) {
    const { done, value } = top.rest.next();
    if (done) {
      left.push(top.item);
      open.pop();
    } else if (!seen.has(value)) {
      seen.add(value);
      open.push({ item: value, rest: to(value)[Symbol.iterator]() });
    }
  }
}

/** What is computed once comes first; updates come late, small ones together, so that they share dispatches. */
export function inExecutionOrder(steps: readonly Step[]): readonly Step[] {
  const update = (s: Step): number => (s.kernel.kind === "contraction" ? 2 : 3);
  const overwrites = (s: Step): boolean => s.kernel.results.every((r) => r.overwrites);
  const rank = (s: Step): number => (s.region.phase === "prepare" ? 0 : overwrites(s) ? update(s) : 1);
  const { sorted, stuck } = topological(steps, (s) => effectsOf(s.kernel), rank);
  if (stuck.length > 0)
    throw new InternalError(`${stuck.map((s) => nameOf(s.kernel)).join(", ")} wait for each other`);
  return sorted;
}
