/** Numbers as people read them. */

export function milliseconds(ms: number): string {
  if (ms < 1) return `${(ms * 1000).toPrecision(3).replace(/\.?0+$/, "")} µs`;
  return `${ms.toPrecision(3)} ms`;
}

export function count(value: number): string {
  return value.toLocaleString("en");
}

/** 1,234 · 12.3 k · 1.23 M */
export function compact(value: number): string {
  for (const [unit, size] of [
    ["G", 1e9],
    ["M", 1e6],
    ["k", 1e3],
  ] as const)
    if (value >= 10 * size || (size > 1e3 && value >= size))
      return `${(value / size).toPrecision(3)} ${unit}`;
  return count(value);
}
