/** How every stored tensor lies: one pass, after it is known what is stored and before anything is scheduled. */
import { must } from "../errors.ts";
import type { Graph, Node } from "../ir/graph.ts";
import type { Kernel } from "../ir/kernel.ts";
import type { Region } from "../ir/region.ts";
import { rowsOf, type Storage, type Storages } from "../ir/storage.ts";
import { chooseOrders } from "./layout.ts";
import { type Narrowing, narrowed } from "./precision.ts";

/** What is known of a program whose kernels are not scheduled yet. */
export interface Unscheduled extends Narrowing {
  readonly graph: Graph;
  readonly kernels: readonly Kernel[];
  /** Outputs that are the bytes of another tensor. */
  readonly aliases: ReadonlyMap<Node, Node>;
}

/** Throws `UserError` for a training step in f16, or with quantised weights. */
export function decideStorages(program: Unscheduled): Storages {
  const { graph, kernels, aliases } = program;
  const seen = seenByHost(program);
  const rootsIn = (phase: Region["phase"]): readonly Node[] =>
    kernels.flatMap((k) => (k.region.phase === phase ? k.results.map((r) => r.root) : []));
  const types = narrowed(graph, program, rootsIn("run"), seen);
  const prepared = new Set(rootsIn("prepare"));
  const free = (node: Node): boolean => (node.kind === "param" || prepared.has(node)) && !seen.has(node);
  const orders = chooseOrders(kernels, free);
  const overwritten = new Set(kernels.flatMap((k) => k.results.map((r) => r.overwrites)));
  const isFixed = (node: Node): boolean =>
    prepared.has(node) || (node.kind === "param" && !overwritten.has(node));
  const stored = [
    ...graph.inputs.map((i) => i.node),
    ...graph.nodes.filter((n) => n.kind === "param"),
    ...kernels.flatMap((k) => k.results.map((r) => r.root)),
  ];
  const storages = new Map<Node, Storage>();
  for (const node of stored) {
    const order = orders.get(node);
    storages.set(node, {
      type: rowsOf(node) ?? types.get(node) ?? node.type.dtype,
      ...(order ? { order } : {}),
      ...(seen.has(node) ? { seen: true } : {}),
      ...(isFixed(node) ? { fixed: true } : {}),
    });
  }
  for (const [node, of] of aliases) storages.set(node, { ...must(storages.get(of), "storage"), of });
  return storages;
}

/**
 * The tensors whose buffers the host reads or fills as they are: inputs, and whatever holds an output, be it a parameter,
 * a value that is computed once, what an output merely reshapes, or a state that an output's value overwrites. This is the
 * one question that orders, f16, baking and memory reuse ask.
 */
function seenByHost({ graph, aliases, kernels }: Unscheduled): ReadonlySet<Node> {
  const states = new Map<Node, Node | undefined>(
    kernels.flatMap((k) => k.results.map((r) => [r.root, r.overwrites])),
  );
  const seen = new Set(graph.inputs.map((i) => i.node));
  for (const { node } of graph.outputs) {
    const held = aliases.get(node) ?? node;
    seen.add(held);
    const state = states.get(held);
    if (state) seen.add(state);
  }
  return seen;
}
