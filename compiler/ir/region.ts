/** A region: the nodes that one kernel computes, and the decisions that made it so. */
import type { Axis, Expr } from "./expr.ts";
import type { Node, OpNode } from "./graph.ts";

export interface Region {
  /** The stored result. */
  readonly root: OpNode;
  /** All nodes computed here, operands first; the last is the root. */
  readonly nodes: readonly OpNode[];
  /** An axis per dimension of the root. */
  readonly axes: readonly Axis[];
  /** The root's value in terms of stored tensors. */
  readonly value: Expr;
  /** The stored tensors it reads. */
  readonly reads: readonly Node[];
  /** Regions that depend on parameters alone are computed once, when weights are set. */
  readonly phase: "prepare" | "run";
}

/** Why a node was, or was not, computed inside its consumer's kernel. */
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
