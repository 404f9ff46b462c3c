/**
 * Graph rewriting to a fixed point. Rules are data: a name, what they match, what they put in its place, under
 * the side condition in their description. Every application is recorded and can be printed as `before ⇒ after`.
 */

import { must } from "../errors.ts";
import { consumers, type Graph, mapGraph, type Node, type OpDef, type OpNode } from "../ir/graph.ts";
import { opNode, suffixed } from "../ops/derived.ts";
import { ops } from "../ops/index.ts";
import { inTwoSteps } from "../ops/norm.ts";

export interface Rewrite {
  readonly rule: string;
  /** `bn1(conv1) ⇒ conv1` */
  readonly text: string;
  /** The layer that vanished, and the one that does its work now. */
  readonly gone: string;
  readonly by: string;
}

interface Rule {
  readonly name: string;
  readonly description: string;
  /** The replacement, or undefined where the rule does not apply. */
  apply(node: OpNode, context: Context): Node | undefined;
}

interface Context {
  users(node: Node): number;
  isOutput(node: Node): boolean;
}

const isOp = (node: Node | undefined, op: OpDef): node is OpNode => node?.kind === "op" && node.op === op;

/** One kernel reads at most this many tensors: WebGPU's default is 8 storage buffers, one is the result. */
const MAX_JOINED = 7;

const rules: readonly Rule[] = [
  {
    name: "dropout",
    description: "dropout(x) ⇒ x at inference",
    apply: (node) => (isOp(node, ops.dropout) ? node.inputs[0] : undefined),
  },
  {
    name: "batch norm in two steps",
    description:
      "batchNorm(x) ⇒ x·s + t with s = γ/√(σ² + ε) and t = β − μ·s computed once, where x is a convolution that only the norm reads",
    apply(node, context) {
      const conv = node.inputs[0];
      if (!isOp(node, ops.batchNorm2d) || !isOp(conv, ops.conv2d)) return undefined;
      return context.users(conv) > 1 || context.isOutput(conv) ? undefined : inTwoSteps(node);
    },
  },
  {
    name: "split concat",
    description: `concat of more than ${MAX_JOINED} tensors ⇒ concat of concats, so that no kernel exceeds 8 storage buffers`,
    apply(node) {
      if (!isOp(node, ops.concat) || node.inputs.length <= MAX_JOINED) return undefined;
      const parts: Node[] = [];
      for (let i = 0; i < node.inputs.length; i += MAX_JOINED) {
        const group = node.inputs.slice(i, i + MAX_JOINED);
        const origin = suffixed(node.origin, `part${parts.length + 1}`);
        parts.push(group.length === 1 && group[0] ? group[0] : opNode(ops.concat, node.attrs, group, origin));
      }
      return { ...node, inputs: parts };
    },
  },
];

/** Applies every rule everywhere until none matches. */
export function simplify(graph: Graph): { readonly graph: Graph; readonly rewrites: readonly Rewrite[] } {
  const rewrites: Rewrite[] = [];
  let current = graph;
  for (let changed = true; changed; ) {
    changed = false;
    const users = consumers(current.nodes);
    const outputs = new Set(current.outputs.map((o) => o.node));
    // Conditions are about the graph before this round; `original` is the node there.
    current = mapGraph(current, (node, original) => {
      if (node.kind !== "op" || original.kind !== "op") return node;
      const context: Context = {
        users: (n) => {
          const i = node.inputs.indexOf(n);
          return users.get(must(original.inputs[i], "original input"))?.length ?? 0;
        },
        isOutput: (n) => {
          const i = node.inputs.indexOf(n);
          return outputs.has(must(original.inputs[i], "original input"));
        },
      };
      for (const rule of rules) {
        const replacement = rule.apply(node, context);
        if (replacement === undefined) continue;
        changed = true;
        const [gone, by] = [node.origin.name, replacement.origin.name];
        rewrites.push({ rule: rule.name, text: `${rule.description}: ${gone} ⇒ ${by}`, gone, by });
        return replacement;
      }
      return node;
    });
  }
  return { graph: current, rewrites };
}
