/**
 * Four neighbouring threads fetch for each other: where all of a quad need the same elements, each thread loads a
 * quarter of them and `quadBroadcast` hands them round (WGSL, "Quad operations"; feature "subgroups").
 */
import { must } from "../errors.ts";
import type { Index } from "../ir/expr.ts";
import { add, axisIndex, newAxis, scale } from "../math/affine.ts";
import type { Element } from "./bindings.ts";
import type { Writer } from "./writer.ts";

/** A thread's number in its quad, and that number's two bits: index terms that the skeleton declares. */
const LANE = newAxis("quad", 4);
const LOW = newAxis("quad", 2);
const HIGH = newAxis("quad", 2);

/** Names the thread's place in its quad. Quads are four consecutive threads of the workgroup. */
export function declareQuad(writer: Writer): void {
  const name = writer.name("quad");
  writer.push({ kind: "let", name, value: "i32(local & 3u)" });
  writer.declare(LANE, name);
  writer.declare(LOW, `(${name} & 1)`);
  writer.declare(HIGH, `(${name} >> 1u)`);
}

/** Loads elements, a quarter per thread where there are enough of them; whoever reads one afterwards gets it from its thread. */
export function fetchTogether(writer: Writer, elements: readonly Element[]): void {
  const groups = new Map<string, Element[]>();
  for (const element of elements) {
    const key = writer.elementKey({ from: element.from, at: base(element.at) });
    groups.set(key, [...(groups.get(key) ?? []), element]);
  }
  for (const group of groups.values()) {
    const sorted = group.toSorted((a, b) => a.at.constant - b.at.constant);
    for (const chunk of chunks(sorted)) share(writer, chunk);
  }
}

function share(writer: Writer, chunk: readonly Element[]): void {
  const { from, at } = must(chunk[0], "element");
  const [near, far] = [distance(chunk, 1), distance(chunk, 2)];
  const offset =
    chunk.length === 2
      ? scale(axisIndex(LOW), near)
      : far === 2 * near
        ? scale(axisIndex(LANE), near)
        : add(scale(axisIndex(LOW), near), scale(axisIndex(HIGH), far));
  const fetched = writer.loadElement(from, add(at, offset));
  chunk.forEach((element, i) => {
    writer.hand(element, { ...fetched, text: `quadBroadcast(${fetched.text}, ${i})` });
  });
}

/** Fours whose distances a thread can compute from the two bits of its number, else twos; a single one stays alone. */
function chunks(sorted: readonly Element[]): readonly (readonly Element[])[] {
  if (sorted.length < 2) return [];
  const four = sorted.slice(0, 4);
  const even = four.length === 4 && distance(four, 1) === distance(four.slice(2), 1);
  const size = even ? 4 : 2;
  return [sorted.slice(0, size), ...chunks(sorted.slice(size))];
}

function distance(elements: readonly Element[], to: number): number {
  return (elements[to]?.at.constant ?? 0) - (elements[0]?.at.constant ?? 0);
}

function base(index: Index): Index {
  return add(index, -index.constant);
}
