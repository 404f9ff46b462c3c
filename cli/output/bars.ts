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

/** The `count` largest shares, largest first; equal ones in their order. */
export function ranking(shares: readonly number[], count: number): readonly Ranked[] {
  return shares
    .map((share, index) => ({ index, share }))
    .sort((a, b) => b.share - a.share || a.index - b.index)
    .slice(0, count);
}
