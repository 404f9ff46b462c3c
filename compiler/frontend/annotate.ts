/** Puts names and places from the model file into a graph. */

import type { Location } from "../../contract/diagnosis.ts";
import { UserError } from "../errors.ts";
import { type Graph, mapGraph, type Node, type OpNode, ownNodes } from "../ir/graph.ts";
import { location, type StackReader } from "./frames.ts";
import { nameLayers } from "./names.ts";
import type { Site, SiteReader } from "./site.ts";

/** Source names to show, from absolute paths. */
export type Show = (file: string) => string;

/** The same graph: layers named after the file's variables, parameters after their layers, each with its place. */
export function annotate(graph: Graph, reader: StackReader, sites: SiteReader, show: Show): Graph {
  const layers = graph.nodes.filter((n): n is OpNode => n.kind === "op");
  const owned = new Set<Node>(layers.flatMap(ownNodes));
  const taken = new Set(
    graph.nodes.filter((n) => n.kind !== "op" && !owned.has(n)).map((n) => n.origin.name),
  );
  const names = nameLayers(
    layers.map((n) => ({
      op: n.op.name,
      sites: sitesOf(n.origin.trace, reader, sites),
      inPackage: reader.inPackage(n.origin.trace ?? ""),
      part: n.origin.part,
    })),
    taken,
  );
  const renamed = new Map<Node, string>();
  layers.forEach((layer, i) => {
    renamed.set(layer, names[i] ?? layer.origin.name);
  });
  // Of several results of one call the first has the layer's parameters.
  for (const layer of layers.toSorted((a, b) => (a.origin.part ?? 0) - (b.origin.part ?? 0)))
    for (const own of ownNodes(layer))
      if (!renamed.has(own)) renamed.set(own, `${renamed.get(layer)}.${own.own}`);
  const named = mapGraph(graph, (node, original) => {
    const at = place(node.origin.trace, reader, show);
    const name = renamed.get(original) ?? node.origin.name;
    // They are of no further use: dropping them keeps printed graphs small.
    const { trace: _, part: __, ...origin } = node.origin;
    return { ...node, origin: { ...origin, name, ...(at ? { at } : {}) } };
  });
  checkWeights(named);
  return named;
}

/** A parameter that the file names itself may bear the name that a layer's own gets: `fc1.weight`. */
function checkWeights(graph: Graph): void {
  const known = new Set<string>();
  for (const { kind, origin } of graph.nodes) {
    if (kind !== "param" && kind !== "input") continue;
    if (known.has(origin.name)) {
      throw new UserError({
        problem: `two tensors are called "${origin.name}"`,
        rule: "names of inputs and parameters are unique: weights are found by them",
        fix: "another name for the one that is made by param() or input()",
        ...(origin.at ? { at: origin.at } : {}),
      });
    }
    known.add(origin.name);
  }
}

/** The calls in the user's files that led to a layer, outermost first. */
export function sitesOf(trace: string | undefined, reader: StackReader, sites: SiteReader): readonly Site[] {
  const frames = reader.frames(trace ?? "");
  return frames.toReversed().flatMap((frame) => sites.site(frame) ?? []);
}

export function place(trace: string | undefined, reader: StackReader, show: Show): Location | undefined {
  const frame = reader.frames(trace ?? "")[0];
  return frame && location(frame, show);
}
