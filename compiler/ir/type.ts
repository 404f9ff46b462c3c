/** What the compiler computes with shapes and counts. */
import type { Count, Dim, Shape, Size } from "../../contract/type.ts";

/** Whether a size is the batch: unbounded, and always the outermost. */
export const isBatch = (dim: Dim | undefined): dim is "N" => dim === "N";

/** Whether a size is a number when a model is compiled. */
export const isKnown = (dim: Dim | undefined): dim is number => typeof dim === "number";

/** The most that a size can be: infinite of the batch. What lies in memory has room for it. */
export const boundOf = (dim: Dim): number =>
  isKnown(dim) ? dim : isBatch(dim) ? Number.POSITIVE_INFINITY : dim.max;

/** How often a loop runs, where that is known when a model is compiled; else infinite: nobody can write it out. */
export const lengthOf = (dim: Dim): number => (isKnown(dim) ? dim : Number.POSITIVE_INFINITY);

/** A size where the batch is of a certain one, and others are as large as can be. */
export const sizeAt = (dim: Dim, batch: number): number => (isBatch(dim) ? batch : boundOf(dim));

/** What tells a size from all others: `T≤512`. */
export const keyOf = (dim: Dim): string => (typeof dim === "object" ? `${dim.name}≤${dim.max}` : `${dim}`);

const made = new Map<string, Size>();

/** The one object of this name and bound. */
export function sizeOf(name: string, max: number): Size {
  const size = { name, max };
  const known = made.get(keyOf(size)) ?? Object.freeze(size);
  made.set(keyOf(size), known);
  return known;
}

/** Whether a value is a size with a bound: one that `sizeOf` made. */
export const isSize = (value: unknown): value is Size =>
  typeof value === "object" && value !== null && made.get(keyOf(value as Size)) === value;

/** The sizes with a bound that some shapes have, each once, in their order. */
export function sizesIn(shapes: readonly Shape[]): readonly Size[] {
  return [...new Set(shapes.flat().filter((d) => typeof d === "object"))];
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

/** Number of elements; a shape with N counts per example. */
export function elements(shape: Shape): Count {
  let product = 1;
  for (const d of shape) product *= isBatch(d) ? 1 : boundOf(d);
  return shape.includes("N") ? { fixed: 0, perBatch: product } : { fixed: product, perBatch: 0 };
}

export function countAt(count: Count, batch: number): number {
  return count.fixed + count.perBatch * batch;
}

export function addCounts(a: Count, b: Count): Count {
  return { fixed: a.fixed + b.fixed, perBatch: a.perBatch + b.perBatch };
}

export function scaleCount(a: Count, by: number): Count {
  return { fixed: a.fixed * by, perBatch: a.perBatch * by };
}

/** `60`, `12·N`, `12·N + 60` */
export function showCount(c: Count): string {
  if (c.perBatch === 0) return `${c.fixed}`;
  const batch = c.perBatch === 1 ? "N" : `${c.perBatch}·N`;
  return c.fixed === 0 ? batch : `${batch} + ${c.fixed}`;
}

/** The shape with a number put in for N. */
export function withBatch(shape: Shape, batch: number | undefined): Shape {
  return batch === undefined ? shape : shape.map((d) => (isBatch(d) ? batch : d));
}
