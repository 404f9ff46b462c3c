/**
 * What is changed in a graph before it is partitioned, for inference and for training alike: rules that simplify, and
 * rules that make kernels legal. Each is data: a name, what it matches, what it puts in its place, under the side
 * condition in its description.
 */
import { MOST_READS, STORAGE_BUFFERS } from "../../contract/limits.ts";
import type { Node, OpDef, OpNode } from "../ir/graph.ts";
import { batchNorms, inTwoSteps } from "../ops/batchNorm.ts";
import { opNode, suffixed } from "../ops/derived.ts";
import { ops } from "../ops/index.ts";
import type { Target } from "../strategies/target.ts";
import { packed } from "./pack.ts";
import { separated } from "./separate.ts";
import { splitSum } from "./split.ts";

export interface Rule {
  readonly name: string;
  readonly description: string;
  /** Where it holds: what an op does in training may be another thing. */
  readonly holds: "inference" | "training" | "always";
  /** The replacement, or undefined where the rule does not apply. */
  apply(node: OpNode, context: Context): Node | undefined;
}

export interface Context {
  readonly target: Target;
  users(node: Node): number;
  isOutput(node: Node): boolean;
}

const isOp = (node: Node | undefined, op: OpDef): node is OpNode => node?.kind === "op" && node.op === op;

const isAny = (node: Node, list: readonly OpDef[]): boolean =>
  node.kind === "op" && list.some((op) => op === node.op);
/** Sums of products, whose kernel a scale and a shift of each channel end. */
const convolutions: readonly OpDef[] = [
  ops.conv1d,
  ops.conv2d,
  ops.conv3d,
  ops.convTranspose1d,
  ops.convTranspose2d,
  ops.convTranspose3d,
];
const norms: readonly OpDef[] = Object.values(batchNorms);

/** In order: the first that applies to a node is taken, and all are asked again until none applies. */
export const rules: readonly Rule[] = [
  {
    name: "write out steps",
    description: "a recurrent layer ⇒ its steps, one after the other",
    holds: "always",
    apply: (node) => node.op.written?.(node),
  },
  {
    name: "dropout",
    description: "dropout(x) ⇒ x at inference",
    holds: "inference",
    apply: (node) => (isOp(node, ops.dropout) ? node.inputs[0] : undefined),
  },
  {
    name: "batch norm in two steps",
    description:
      "batchNorm(x) ⇒ x·s + t with s = γ/√(σ² + ε) and t = β − μ·s computed once, where x is a convolution that only the norm reads",
    holds: "inference",
    apply(node, context) {
      const conv = node.inputs[0];
      if (!isAny(node, norms) || !conv || !isAny(conv, convolutions)) return undefined;
      return context.users(conv) > 1 || context.isOutput(conv) ? undefined : inTwoSteps(node);
    },
  },
  {
    name: "split concat",
    description: `concat of more than ${MOST_READS} tensors ⇒ concat of concats, so that no kernel exceeds ${STORAGE_BUFFERS} storage buffers`,
    holds: "always",
    apply(node) {
      if (!isOp(node, ops.concat) || node.inputs.length <= MOST_READS) return undefined;
      const parts: Node[] = [];
      for (let i = 0; i < node.inputs.length; i += MOST_READS) {
        const group = node.inputs.slice(i, i + MOST_READS);
        const origin = suffixed(node.origin, `part${parts.length + 1}`);
        parts.push(group.length === 1 && group[0] ? group[0] : opNode(ops.concat, node.attrs, group, origin));
      }
      return { ...node, inputs: parts };
    },
  },
  {
    name: "pack operands",
    description: `an op of more than ${MOST_READS} tensors ⇒ one that reads some of them from a single tensor, so that no kernel exceeds ${STORAGE_BUFFERS} storage buffers`,
    holds: "always",
    apply: packed,
  },
  {
    name: "one contraction a kernel",
    description:
      "an op that holds several sums of products ⇒ each of them by itself, and what is made of them",
    holds: "always",
    apply: separated,
  },
  {
    name: "split sum",
    description:
      "Σ over the batch with few results ⇒ sums along one axis, then their sum, both in a fixed order",
    holds: "training",
    apply: splitSum,
  },
];
