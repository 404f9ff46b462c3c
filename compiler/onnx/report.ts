/** What an import says of itself. */

/** A node that cannot be imported. */
export interface Unsupported {
  readonly op: string;
  /** The node's name in the file, or that of what it gives. */
  readonly node: string;
  readonly reason: string;
  readonly try?: string;
}

/** How often an operator occurs. */
export interface Counted {
  readonly op: string;
  readonly count: number;
}

export interface Report {
  readonly producer: string;
  readonly opset: number;
  /** The operators of the file, most frequent first. */
  readonly operators: readonly Counted[];
  /** Nodes whose values were computed at import, by operator. */
  readonly folded: readonly Counted[];
  /** Layers and calls of the model, and numbers of its parameters. */
  readonly layers: number;
  readonly parameters: number;
  /** What was left out or read in another way, in sentences. */
  readonly notes: readonly string[];
  readonly unsupported: readonly Unsupported[];
}

export function counted(names: readonly string[]): readonly Counted[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .map(([op, count]) => ({ op, count }))
    .toSorted((a, b) => b.count - a.count || (a.op < b.op ? -1 : 1));
}
