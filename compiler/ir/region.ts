/** A region: the nodes that one kernel computes, and the decisions that made it so. */
import type { Axis, Expr, Index } from "./expr.ts";
import type { Node, OpNode } from "./graph.ts";

/** A tensor that a kernel stores. */
export interface Result {
  readonly root: OpNode;
  /** Where its elements go: an index per dimension of the root, over the axes of the kernel. */
  readonly place: readonly Index[];
  /** The root's value there. */
  readonly value: Expr;
  /** The tensor whose memory it takes: the old value is gone. Absent: it has its own. */
  readonly overwrites?: Node;
}

export interface Region {
  /** One at least. */
  readonly results: readonly Result[];
  /** All nodes computed here, operands first; the last is a root. */
  readonly nodes: readonly OpNode[];
  /** What the results are computed over, outermost first. */
  readonly axes: readonly Axis[];
  /** The stored tensors it reads. */
  readonly reads: readonly Node[];
  /** Regions that depend on parameters alone are computed once, when weights are set. */
  readonly phase: "prepare" | "run";
}

/** What a region is called in messages: `conv1`, `bn1.mean and bn1.deviation`. */
export const nameOf = ({ results }: Pick<Region, "results">): string =>
  results.map((r) => r.root.origin.name).join(" and ");

/** What a node was judged on: whether it is computed inside its consumer's kernel, or beside another one, and why. */
export interface Decision {
  readonly node: OpNode;
  readonly into: OpNode | undefined;
  readonly fused: boolean;
  readonly reason: string;
}

export interface Partition {
  readonly regions: readonly Region[];
  readonly decisions: readonly Decision[];
  /** Reshapes of stored tensors that are outputs: the same bytes under another shape. */
  readonly aliases: ReadonlyMap<Node, Node>;
}
