/**
 * Decides which nodes share a kernel. A node is computed inside its consumer where that repeats no work worth
 * storing; every yes and no has a printed reason. The criterion is read off the index expressions: how often
 * the consumer reads each element, and what kind of computation each side is.
 */

import { MOST_READS } from "../../contract/limits.ts";
import { showDim } from "../../contract/shapes.ts";
import type { Shape } from "../../contract/type.ts";
import { InternalError, must } from "../errors.ts";
import type { Axis, Expr, Index, Substitution } from "../ir/expr.ts";
import { consumers, type Graph, type Node, type OpNode } from "../ir/graph.ts";
import { type Decision, nameOf, type Partition, type Region } from "../ir/region.ts";
import { elements, isKnown, lengthOf } from "../ir/type.ts";
import {
  axesOf,
  axisIndex,
  lookup,
  mapLookups,
  rowMajor,
  substitute as substituteIndex,
} from "../math/affine.ts";
import { freeAxes, mapChildren, opContext, substitute, tensorsOf } from "../math/build.ts";
import {
  type Access,
  accessesOf,
  contractionsOf,
  factorsOf,
  isTranscendental,
  type Kind,
  kindOf,
  looksUp,
  readsOnce,
  sizeOf,
  sourcesOf,
} from "./analysis.ts";

/** A pooling window is kept in registers: windows beyond this many elements are pooled by a kernel of their own. */
const MAX_WINDOW = 16;
/** A fused expression beyond this many operations is cut: compile time and registers stay bounded. */
export const MAX_SIZE = 512;
/** An elementwise value of at most this many operations and reads, of one tensor, is computed at every read. */
const TRIVIAL = 5;

/** A node's value in terms of stored tensors, over its own axes. */
interface Fused {
  readonly axes: readonly Axis[];
  readonly value: Expr;
  readonly nodes: readonly OpNode[];
}

interface Verdict {
  readonly fused: boolean;
  readonly reason: string;
}
const yes = (reason: string): Verdict => ({ fused: true, reason });
const no = (reason: string): Verdict => ({ fused: false, reason });

export function partition(graph: Graph): Partition {
  const users = consumers(graph.nodes);
  const ranks = new Map(graph.nodes.map((n, i) => [n, i]));
  const rank = (node: Node): number => must(ranks.get(node), "node of the graph");
  const updates = (graph.updates ?? []).map((u) => u.value);
  const outputs = new Set([...graph.outputs.map((o) => o.node), ...updates]);
  // Where parameters change with every run, nothing that depends on them can be computed once.
  const constant = graph.updates ? new Set<Node>() : parameterOnly(graph);
  const open = new Map<Node, Fused>();
  const regions: Region[] = [];
  const decisions: Decision[] = [];
  const stored = new Set<Node>();

  const store = (node: OpNode): void => {
    if (stored.has(node)) return;
    stored.add(node);
    const { axes, value, nodes } = must(open.get(node), "fused value");
    const phase = constant.has(node) ? "prepare" : "run";
    regions.push({ ...regionOf(node, axes, value), nodes, phase });
  };

  for (const node of graph.nodes) {
    if (node.kind !== "op") continue;
    const context = opContext(node);
    const own = node.op.define(node.attrs, context);
    let fused: Fused = { axes: context.at, value: own, nodes: [node] };
    // The last operand first: of two contractions the later one is fused, the earlier one is long computed.
    const operands = [...new Set(node.inputs)].filter((i): i is OpNode => i.kind === "op");
    for (const operand of operands.toSorted((a, b) => rank(b) - rank(a))) {
      if (stored.has(operand)) continue;
      const inner = must(open.get(operand), "operand");
      const verdict = judge(operand, inner, fused, {
        itself: kindOf(own),
        shared: must(users.get(operand), "users").length > 1,
        output: outputs.has(operand),
        once: constant.has(operand) && !constant.has(node),
        twice: node.op.twice ?? false,
      });
      decisions.push({ node: operand, into: node, ...verdict });
      if (verdict.fused) fused = inline(fused, operand, inner);
      else store(operand);
    }
    open.set(node, fused);
  }

  const aliases = new Map<Node, Node>();
  for (const { node } of graph.outputs) {
    if (node.kind !== "op") continue;
    const source = stored.has(node) ? undefined : sameBytes(must(open.get(node), "fused value"), stored);
    if (source) aliases.set(node, source);
    else store(node);
  }
  for (const value of updates) if (value.kind === "op") store(value);
  return { regions: inOrder(regions, rank), decisions, aliases };
}

interface Circumstances {
  /** What the consumer does by its own definition, whatever has been fused into it already. */
  readonly itself: Kind;
  readonly shared: boolean;
  readonly output: boolean;
  readonly once: boolean;
  /** Whether the consumer compares what it reads several times. */
  readonly twice: boolean;
}

/** Whether `operand` is computed inside `node`'s kernel. */
function judge(
  operand: OpNode,
  inner: Fused,
  outer: Fused,
  { itself, shared, output, once, twice }: Circumstances,
): Verdict {
  const reads = new Set([...tensorsOf(inner.value), ...tensorsOf(outer.value)]);
  reads.delete(operand);
  const size = sizeOf(inner.value) * accessesOf(outer.value, operand).length + sizeOf(outer.value);
  if (size > MAX_SIZE) return no(`the fused expression would hold ${size} operations, more than ${MAX_SIZE}`);
  if (reads.size > MOST_READS) return no(`together they read ${reads.size} tensors, more than ${MOST_READS}`);
  if (once) return no("depends on parameters alone: computed once, when weights are set");
  if (inner.value.kind !== "load" && looksUp(outer.value, operand))
    return no("its whole numbers say where the consumer reads: they are stored");
  const kind = kindOf(inner.value);
  if (kind === "view") return judgeView(inner, itself);
  if (output) return no("is an output of the model");
  if (twice)
    return no("its elements are compared with each other: they are stored, so that each is one number");
  if (kind === "pointwise" && isTrivial(inner.value))
    return yes("costs no more to compute again than to read back");
  if (shared) return no("has several consumers: stored once, not computed twice");

  const accesses = accessesOf(outer.value, operand);
  const access = accesses.length === 1 ? accesses[0] : undefined;
  const single = access !== undefined && readsOnce(access.load.index, [...outer.axes, ...access.around]);
  if (kind === "pointwise") {
    if (!isTranscendental(inner.value)) return yes("cheap elementwise work, done while its result is read");
    return single
      ? yes("elementwise, and each element is read once")
      : no("a transcendental function would be evaluated again at every read");
  }
  if (itself === "view") return no("the consumer only moves elements: it reads the stored result in place");
  if (!single) return no("the consumer reads elements more than once: the sums would be computed again");
  if (kind === "contraction" && kindOf(outer.value) === "contraction")
    return no("two contractions do not share a kernel");
  const open = access.around.find((a) => !isKnown(a.extent));
  const window = access.around.reduce((a, x) => a * lengthOf(x.extent), 1);
  if (window > MAX_WINDOW) {
    return no(
      `the window of ${open ? showDim(open.extent) : window} elements exceeds ${MAX_WINDOW} registers`,
    );
  }
  if (kind === "reduction" && window > 1) return no("a reduction of reductions is computed in two steps");
  if (window > 1 && !sharesAlong(inner, access))
    return no(
      "the window's elements have no factor in common: nothing would be saved by computing them together",
    );
  return yes(
    window > 1
      ? `epilogue: the ${window}-element windows do not overlap`
      : "epilogue: each element is read once",
  );
}

/** Whether one factor of a contraction is the same for all elements that are reduced around a read of it. */
function sharesAlong(inner: Fused, { load, around }: Access): boolean {
  const [sum] = contractionsOf(inner.value);
  const factors = sum && factorsOf(sum);
  if (!factors) return true;
  const sides = [freeAxes(factors.lhs), freeAxes(factors.rhs)];
  const moved = inner.axes.filter((_, i) => around.some((a) => axesOf(must(load.index[i], "index")).has(a)));
  return sides.some((side) => moved.every((a) => !side.has(a)));
}

/** A few cheap operations on one tensor. */
function isTrivial(e: Expr): boolean {
  return sizeOf(e) <= TRIVIAL && sourcesOf(e).length <= 1 && !isTranscendental(e);
}

function judgeView(inner: Fused, into: Kind): Verdict {
  if (into === "contraction" && sourcesOf(inner.value).length > 1) {
    return no("a choice between tensors at every read of a contraction is dearer than one copy");
  }
  return yes("only moves elements: read through its index map");
}

/** Puts the operand's value in place of every read of it. */
function inline(outer: Fused, operand: OpNode, inner: Fused): Fused {
  const { value } = inner;
  const places = (index: readonly Index[]): Substitution =>
    new Map(inner.axes.map((a, i) => [a, must(index[i], "index")]));
  const looked = looksUp(outer.value, operand);
  // Numbers that are looked up are read where the operand has them from: it only moves them.
  const put = (whole: Index): Index =>
    mapLookups(whole, ({ from, index, extent }) => {
      if (from !== operand || value.kind !== "load") return lookup(from, index, extent);
      return lookup(
        value.from,
        value.index.map((i) => substituteIndex(i, places(index))),
        extent,
      );
    });
  const replace = (e: Expr): Expr =>
    e.kind === "load" && e.from === operand
      ? substitute(value, places(e.index.map(put)))
      : mapChildren(e, replace, looked ? put : undefined);
  const nodes = [...inner.nodes.filter((n) => !outer.nodes.includes(n)), ...outer.nodes];
  return { axes: outer.axes, value: replace(outer.value), nodes };
}

/** The nodes that depend on parameters and constants alone, and not on a size that a run decides. */
function parameterOnly(graph: Graph): ReadonlySet<Node> {
  const found = new Set<Node>();
  for (const node of graph.nodes) {
    if (node.kind === "param" || node.kind === "const") found.add(node);
    else if (node.kind === "op" && node.type.shape.every(isKnown) && node.inputs.every((i) => found.has(i)))
      found.add(node);
  }
  return found;
}

/** The stored tensor whose bytes, in their order, a value is: what merely reshapes it. */
function sameBytes({ axes, value }: Fused, stored: ReadonlySet<Node>): Node | undefined {
  if (value.kind !== "load" || !stored.has(value.from)) return undefined;
  const { from, index } = value;
  const here = rowMajor(
    axes.map(axisIndex),
    axes.map((a) => a.extent),
  );
  return sameCount(from.type.shape, axes) && rowMajor(index, from.type.shape) === here ? from : undefined;
}

function sameCount(shape: Shape, axes: readonly Axis[]): boolean {
  const [a, b] = [elements(shape), elements(axes.map((x) => x.extent))];
  return a.fixed === b.fixed && a.perBatch === b.perBatch;
}

/** A region of one node, whose value is given over an axis per dimension. */
export function regionOf(root: OpNode, axes: readonly Axis[], value: Expr): Region {
  const result = { root, place: axes.map(axisIndex), value };
  return { results: [result], nodes: [root], axes, reads: tensorsOf(value), phase: "run" };
}

/** Regions in the order of their roots, every one after those it reads. */
function inOrder(regions: readonly Region[], rank: (node: Node) => number): readonly Region[] {
  const first = ({ results }: Region): number => Math.min(...results.map((r) => rank(r.root)));
  const sorted = regions.toSorted((a, b) => first(a) - first(b));
  const done = new Set<Node>();
  for (const region of sorted) {
    for (const t of region.reads) {
      if (t.kind === "op" && !done.has(t))
        throw new InternalError(`${nameOf(region)} reads ${t.origin.name} before it is stored`);
    }
    for (const { root } of region.results) done.add(root);
  }
  return sorted;
}
