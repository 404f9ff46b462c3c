/** Inputs of whole numbers that say where an op reads. */
import type { RowStorage } from "../../contract/program.ts";
import { narrowest } from "../../contract/rows.ts";
import type { IndexBound } from "./expr.ts";
import type { Graph, Node } from "./graph.ts";
import { rowsOf } from "./storage.ts";
import { boundOf, elements } from "./type.ts";

/** For each input whose numbers are some op's indices, however they are arranged: what all ops that read by them take. */
export function indexBounds({ nodes }: Pick<Graph, "nodes">): ReadonlyMap<Node, IndexBound> {
  const bounds = new Map<Node, IndexBound>();
  for (const node of nodes) {
    const where =
      node.kind === "op"
        ? node.op.where?.(
            node.attrs,
            node.inputs.map((i) => i.type),
          )
        : undefined;
    const indices = where && node.kind === "op" ? sourceOf(node.inputs[where.operand]) : undefined;
    if (!where || indices?.kind !== "input") continue;
    const known = bounds.get(indices) ?? where;
    const { below } = boundOf(where.below) < boundOf(known.below) ? where : known;
    const { except } = where;
    bounds.set(indices, { below, ...(except !== undefined && except === known.except && { except }) });
  }
  return bounds;
}

/** As what such numbers lie in a data set; undefined where they may be below 0, which no type of storage there has. */
export function rowStorage({ below, except = 0 }: IndexBound): RowStorage | undefined {
  return except < 0 ? undefined : narrowest(Math.max(boundOf(below), except + 1));
}

/** What only rearranges all elements of a node has the same numbers: `reshape`, `transpose`. So have rows drawn from a data set. */
function sourceOf(node: Node | undefined): Node | undefined {
  const [data] = node?.kind === "op" ? node.inputs : [];
  if (data && rowsOf(data)) return data;
  const [from, ...others] = node?.kind === "op" && node.op.moves ? node.inputs : [];
  const whole =
    from && others.length === 0 && node && same(elements(from.type.shape), elements(node.type.shape));
  return whole ? sourceOf(from) : node;
}

const same = (a: ReturnType<typeof elements>, b: ReturnType<typeof elements>): boolean =>
  a.fixed === b.fixed && a.perBatch === b.perBatch;
