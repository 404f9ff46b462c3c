/**
 * Neighbouring threads fetch for each other: where all of a quad need the same elements, each thread loads a quarter
 * of them and `quadBroadcast` hands them round; in an octet an eighth, and `subgroupShuffle` (WGSL, "Quad operations",
 * "Subgroup operations"; feature "subgroups").
 */
import { must } from "../errors.ts";
import type { Axis, Index } from "../ir/expr.ts";
import type { Node } from "../ir/graph.ts";
import { add, axisIndex, scale } from "../math/affine.ts";
import type { Writer } from "./writer.ts";

/** The bits of a thread's number in its quad or octet, lowest first, and the number's last two bits: index terms that are declared. */
const BITS: readonly Axis[] = [0, 1, 2].map((i) => ({ key: `quad.${i}`, name: "quad", extent: 2 }));
const LANES: ReadonlyMap<number, Axis> = new Map(
  [4, 8].map((extent) => [extent, { key: `quad<${extent}`, name: "quad", extent }]),
);

/** The builtin `subgroup_invocation_id`. */
export const SUBLANE = "sublane";

/** The first thread of an octet, by its number in the subgroup. */
const FIRST = `(${SUBLANE} & ~7u)`;

/** Names the thread's place among those that fetch together: `size` consecutive threads of the workgroup. */
export function declareFetchers(writer: Writer, size: 4 | 8): void {
  const name = writer.name("quad");
  writer.push({ kind: "let", name, value: `i32(local & ${size - 1}u)` });
  for (const [extent, lane] of LANES)
    writer.declare(lane, extent === size ? name : `(${name} & ${extent - 1})`);
  BITS.forEach((bit, i) => {
    writer.declare(bit, i === 0 ? `(${name} & 1)` : `((${name} >> ${i}u) & 1)`);
  });
}

/** An element of a binding: of its array of scalars or vectors. */
export interface Element {
  readonly from: Node;
  readonly at: Index;
}

/** Loads elements, a part per thread where there are enough of them; whoever reads one afterwards gets it from its thread. */
export function fetchTogether(writer: Writer, elements: readonly Element[], size: 4 | 8): void {
  const groups = new Map<string, Element[]>();
  for (const element of elements) {
    const key = `${element.from.origin.name} ${base(element.at).key}`;
    groups.set(key, [...(groups.get(key) ?? []), element]);
  }
  for (const group of groups.values()) {
    const sorted = group.toSorted((a, b) => a.at.constant - b.at.constant);
    for (const chunk of chunks(sorted, size)) share(writer, chunk);
  }
}

function share(writer: Writer, chunk: readonly Element[]): void {
  const { from, at } = must(chunk[0], "element");
  const fetched = writer.loadElement(from, add(at, offsetOf(chunk)));
  chunk.forEach((element, i) => {
    const text =
      chunk.length === 8
        ? `subgroupShuffle(${fetched.text}, ${FIRST} + ${i}u)`
        : `quadBroadcast(${fetched.text}, ${i})`;
    writer.hand(element, { ...fetched, text });
  });
}

/** How far from the first element is the one that a thread fetches. */
function offsetOf(chunk: readonly Element[]): Index {
  const near = distance(chunk, 1);
  const lane = LANES.get(chunk.length);
  if (lane && chunk.every((_, i) => distance(chunk, i) === i * near)) return scale(axisIndex(lane), near);
  const bits = BITS.slice(0, Math.log2(chunk.length));
  return add(...bits.map((bit, i) => scale(axisIndex(bit), distance(chunk, 2 ** i))));
}

/** Eights and fours whose distances a thread can compute from the bits of its number, else twos; a single one stays alone. */
function chunks(sorted: readonly Element[], most: number): readonly (readonly Element[])[] {
  if (sorted.length < 2) return [];
  let size = most;
  while (!isEven(sorted.slice(0, size), size)) size /= 2;
  return [sorted.slice(0, size), ...chunks(sorted.slice(size), most)];
}

/** Whether the distances are the sums of those of the elements at powers of two. */
function isEven(elements: readonly Element[], size: number): boolean {
  if (elements.length < size) return false;
  return elements.every((_, i) => {
    const bits = [1, 2, 4].filter((bit) => i & bit);
    return distance(elements, i) === bits.reduce((a, bit) => a + distance(elements, bit), 0);
  });
}

function distance(elements: readonly Element[], to: number): number {
  return (elements[to]?.at.constant ?? 0) - (elements[0]?.at.constant ?? 0);
}

function base(index: Index): Index {
  return add(index, -index.constant);
}
