/** What the compiler computes with shapes and counts. */
import type { Count, Shape } from "../../contract/type.ts";

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

/** Number of elements; a shape with N counts per example. */
export function elements(shape: Shape): Count {
  let product = 1;
  for (const d of shape) if (d !== "N") product *= d;
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
  return batch === undefined ? shape : shape.map((d) => (d === "N" ? batch : d));
}
