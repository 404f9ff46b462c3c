/** Graph rewriting to a fixed point by the rules in passes/rules.ts. Every application is recorded and can be printed. */

import { must } from "../errors.ts";
import { consumers, type Graph, mapGraph, type Node } from "../ir/graph.ts";
import type { Target } from "../strategies/target.ts";
import { type Context, rules } from "./rules.ts";

export interface Rewrite {
  readonly rule: string;
  /** `bn1(conv1) ⇒ conv1` */
  readonly text: string;
  /** The layer that vanished, and the one that does its work now. */
  readonly gone: string;
  readonly by: string;
}

/** Applies every rule that holds everywhere, until none matches. */
export function simplify(
  graph: Graph,
  target: Target,
): { readonly graph: Graph; readonly rewrites: readonly Rewrite[] } {
  const rewrites: Rewrite[] = [];
  const use = graph.updates ? "training" : "inference";
  const applicable = rules.filter((r) => r.holds === "always" || r.holds === use);
  let current = graph;
  for (let changed = true; changed; ) {
    changed = false;
    const users = consumers(current.nodes);
    const results = [...current.outputs.map((o) => o.node), ...(current.updates ?? []).map((u) => u.value)];
    const outputs = new Set<Node>(results);
    // Conditions are about the graph before this round; `original` is the node there.
    current = mapGraph(current, (node, original) => {
      if (node.kind !== "op" || original.kind !== "op") return node;
      const before = (n: Node): Node => must(original.inputs[node.inputs.indexOf(n)], "original input");
      const context: Context = {
        target,
        users: (n) => users.get(before(n))?.length ?? 0,
        isOutput: (n) => outputs.has(before(n)),
      };
      for (const rule of applicable) {
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
