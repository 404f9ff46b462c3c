/**
 * Receptive fields, read from the index expressions: which part of the model's input one element depends on.
 *
 * A layer reads its operand at in = out·s + t with t in [low, high]; a window over that operand which itself
 * sees [S·in + L, S·in + H] of the model's input then sees [S·s·out + S·low + L, S·s·out + S·high + H]. So strides
 * multiply and sizes add up scaled: r ← r + (k − 1)·j, j ← j·s (Araujo, Norris & Sim, "Computing receptive
 * fields of convolutional neural networks", Distill 2019). Where an index is not affine in one output axis
 * (flatten) or runs over the whole axis (linear), the field is all that any position sees, cut to the input.
 */

import { must } from "../errors.ts";
import type { Axis, Expr, Index } from "../ir/expr.ts";
import type { Graph, Node, OpNode } from "../ir/graph.ts";
import type { Dim } from "../ir/type.ts";
import { axesOf, rangeOf } from "../math/affine.ts";
import { children } from "../math/build.ts";
import { meaning } from "./cost.ts";

/** Per spatial axis of an input: `size` elements from `offset + stride · position` on. Stride 0: the same for every position. */
export interface ReceptiveField {
  /** The model input's name. */
  readonly input: string;
  readonly size: readonly number[];
  readonly stride: readonly number[];
  readonly offset: readonly number[];
}

/** Along one dimension of the input: [stride · at(axis) + low, stride · at(axis) + high]. */
interface Span {
  /** The output dimension that moves the window; −1 where none does. */
  readonly axis: number;
  readonly stride: number;
  readonly low: number;
  readonly high: number;
}

/** A node's spans over each input that it depends on, by the input's name; one span per tracked dimension. */
type Fields = ReadonlyMap<string, readonly Span[]>;

/** The receptive field of every node that depends on an input with spatial axes, in the first such input. */
export function receptiveFields(graph: Graph): ReadonlyMap<Node, ReceptiveField> {
  return new Map([...spansOf(graph)].map(([node, { input, spans }]) => [node, describe(input, spans)]));
}

/** Which dimension of a node moves its field along each spatial axis of the input; −1 where none does. */
export function movingDims(graph: Graph): ReadonlyMap<Node, readonly number[]> {
  return new Map([...spansOf(graph)].map(([node, { spans }]) => [node, spans.map((s) => s.axis)]));
}

/** A node's spans over the first input that it depends on and that has spatial axes. */
interface InputSpans {
  readonly input: string;
  readonly spans: readonly Span[];
}

function spansOf(graph: Graph): ReadonlyMap<Node, InputSpans> {
  const inputs = new Map(graph.inputs.map(({ name, node }) => [node, name]));
  const extents = new Map(
    graph.inputs.map(({ name, node }) => [name, spatialDims(node).map((d) => node.type.shape[d] as number)]),
  ); // as: spatial dimensions are numbers
  const fields = new Map<Node, Fields>();
  const result = new Map<Node, InputSpans>();
  for (const node of graph.nodes) {
    const name = inputs.get(node);
    if (name !== undefined) {
      fields.set(
        node,
        new Map([[name, spatialDims(node).map((axis) => ({ axis, stride: 1, low: 0, high: 0 }))]]),
      );
      continue;
    }
    if (node.kind !== "op") continue;
    const own = through(node, fields, extents);
    fields.set(node, own);
    const first = graph.inputs.find((i) => (own.get(i.name)?.length ?? 0) > 0);
    if (first) result.set(node, { input: first.name, spans: must(own.get(first.name), "spans") });
  }
  return result;
}

/** The last two dimensions, the batch excepted. */
export function spatialDims(node: Node): readonly number[] {
  const shape = node.type.shape;
  return shape.map((_, i) => i).filter((i) => shape[i] !== "N" && i >= shape.length - 2);
}

function describe(input: string, spans: readonly Span[]): ReceptiveField {
  return {
    input,
    size: spans.map((s) => s.high - s.low + 1),
    stride: spans.map((s) => s.stride),
    offset: spans.map((s) => s.low),
  };
}

function through(
  node: OpNode,
  known: ReadonlyMap<Node, Fields>,
  extents: ReadonlyMap<string, readonly number[]>,
): Fields {
  const { expr, at } = meaning(node);
  const result = new Map<string, readonly Span[]>();
  forEachLoad(expr, (from, index) => {
    for (const [name, spans] of known.get(from) ?? []) {
      const limits = must(extents.get(name), "input extents");
      const mine = spans.map((span, i) =>
        compose(span, index, from.type.shape, at, must(limits[i], "extent")),
      );
      const before = result.get(name);
      result.set(
        name,
        before ? mine.map((s, i) => union(must(before[i], "span"), s, at, must(limits[i], "extent"))) : mine,
      );
    }
  });
  return result;
}

function forEachLoad(e: Expr, f: (from: Node, index: readonly Index[]) => void): void {
  if (e.kind === "load") f(e.from, e.index);
  for (const child of children(e)) forEachLoad(child, f);
}

/** The operand's span, seen through the index at which a layer reads it. */
function compose(
  span: Span,
  index: readonly Index[],
  shape: readonly Dim[],
  at: readonly Axis[],
  limit: number,
): Span {
  if (span.axis < 0) return span;
  const place = must(index[span.axis], "index");
  const own = [...axesOf(place)].map((axis) => at.indexOf(axis)).filter((i) => i >= 0);
  const mover = own[0];
  const term = place.terms.find((t) => t.atom === at[mover ?? -1]);
  const extent = shape[span.axis];
  const last = typeof extent === "number" ? extent - 1 : 0;
  if (
    mover === undefined ||
    own.length > 1 ||
    term === undefined ||
    term.coefficient < 0 ||
    inDivision(place, must(at[mover], "axis"))
  ) {
    const { low, high } = rangeOf(place);
    return whole(span, Math.max(low, 0), Math.min(high, last), limit);
  }
  const rest = { ...place, terms: place.terms.filter((t) => t !== term) };
  const { low, high } = rangeOf(rest);
  return {
    axis: mover,
    stride: span.stride * term.coefficient,
    low: span.stride * low + span.low,
    high: span.stride * high + span.high,
  };
}

/** Whether an axis also occurs inside a floor division or remainder. */
function inDivision(place: Index, axis: Axis): boolean {
  return place.terms.some((t) => t.atom.kind !== "axis" && axesOf(t.atom.of).has(axis));
}

/** All that positions low … high see, cut to the input. */
function whole(span: Span, low: number, high: number, limit: number): Span {
  return {
    axis: -1,
    stride: 0,
    low: Math.max(0, span.stride * low + span.low),
    high: Math.min(limit - 1, span.stride * high + span.high),
  };
}

function union(a: Span, b: Span, at: readonly Axis[], limit: number): Span {
  if (a.axis === b.axis && a.stride === b.stride) {
    return { ...a, low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
  }
  const all = [a, b].map((s) => {
    const extent = at[s.axis]?.extent;
    return s.axis < 0 ? s : whole(s, 0, typeof extent === "number" ? extent - 1 : 0, limit);
  });
  return {
    axis: -1,
    stride: 0,
    low: Math.min(...all.map((s) => s.low)),
    high: Math.max(...all.map((s) => s.high)),
  };
}
