/** Class scores in the order in which they are shown. Pure. */

export interface Score {
  readonly index: number;
  readonly name: string;
  /** From 0 to 1. */
  readonly share: number;
}

/** The largest first; equal ones in their order. */
export function ranked(shares: readonly number[], names: readonly string[]): readonly Score[] {
  return shares
    .map((share, index) => ({ index, name: names[index] ?? "", share }))
    .sort((a, b) => b.share - a.share || a.index - b.index);
}
