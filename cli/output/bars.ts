/** Horizontal bars of block characters. */

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** A bar for a share from 0 to 1, padded with spaces to `width`. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const text = "█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? "");
  return text.padEnd(width);
}

export interface Ranked {
  readonly index: number;
  readonly share: number;
}

/** exp(x − max) / Σ exp(x − max); safe for large scores. */
export function softmax(scores: Float32Array): Float32Array {
  const peak = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = scores.map((s) => Math.exp(s - peak));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}

/** Whether the values are probabilities already: none negative, sum one. */
export function isDistribution(scores: Float32Array): boolean {
  const sum = scores.reduce((a, b) => a + b, 0);
  return scores.every((s) => s >= 0) && Math.abs(sum - 1) < 1e-3;
}

/** The `count` largest shares, largest first; equal ones in their order. */
export function ranking(shares: Float32Array, count: number): readonly Ranked[] {
  return [...shares]
    .map((share, index) => ({ index, share }))
    .sort((a, b) => b.share - a.share || a.index - b.index)
    .slice(0, count);
}
