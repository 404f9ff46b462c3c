/**
 * Receptive fields, read from the index expressions: which part of the model's input one element depends on.
 *
 * A layer reads its operand at in = out·s + t with t in [low, high]; a window over that operand which itself
 * sees [S·in + L, S·in + H] of the model's input then sees [S·s·out + S·low + L, S·s·out + S·high + H]. So strides
 * multiply and sizes add up scaled: r ← r + (k − 1)·j, j ← j·s (Araujo, Norris & Sim, "Computing receptive
 * fields of convolutional neural networks", Distill 2019). A layer that reads whole axes (linear) sees all that any
 * position of them sees. Channels may see windows of several sizes (concat): the field is then the largest.
 *
 * Where an index is not affine in one output axis (flatten, an enlarged picture), or where the position decides what
 * is read (concat along the height), elements see what is no window that moves in steps: the field is unknown, until a
 * layer reads all of those elements.
 */

import { must } from "../errors.ts";
import type { Expr, Index } from "../ir/expr.ts";
import type { Graph, Node, OpNode } from "../ir/graph.ts";
import { axesOf } from "../math/affine.ts";
import { children } from "../math/build.ts";
import { meaning, partsOf } from "./cost.ts";
import { compose, itself, masked, type Reading, type Span, union } from "./spans.ts";

/** Per spatial axis of an input: `size` elements from `offset + stride · position` on. Stride 0: the same for every position. */
export interface ReceptiveField {
  /** The model input's name. */
  readonly input: string;
  readonly size: readonly number[];
  readonly stride: readonly number[];
  readonly offset: readonly number[];
}

/** What an element sees is no window that moves in steps with its position. */
export interface UnknownField {
  readonly input: string;
  /** The layer where that begins. */
  readonly since: string;
  /** Why. */
  readonly unknown: string;
}

export type Field = ReceptiveField | UnknownField;

/** `5×5`, `?` where it is unknown, nothing where there is none. */
export function fieldSize(field: Field | null): string {
  return field === null ? "" : isKnown(field) ? field.size.join("×") : "?";
}

export function isKnown(field: Field | null | undefined): field is ReceptiveField {
  return field != null && "size" in field;
}

/** A node's spans over each input that it depends on, by the input's name; one span per tracked dimension. */
type Fields = ReadonlyMap<string, readonly Span[]>;

/** The receptive field of every node that depends on an input with spatial axes, in the first such input. */
export function receptiveFields(graph: Graph): ReadonlyMap<Node, Field> {
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
  const fields = new Map<Node, Fields>();
  const result = new Map<Node, InputSpans>();
  for (const node of graph.nodes) {
    const name = inputs.get(node);
    if (name !== undefined) {
      const spans = spatialDims(node).map(itself);
      fields.set(node, new Map([[name, spans]]));
      continue;
    }
    if (node.kind !== "op") continue;
    const parts = partsOf(node);
    for (const part of parts) if (!fields.has(part)) fields.set(part, through(part, fields, node));
    const own = must(fields.get(must(parts.at(-1), "part")), "fields");
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

function describe(input: string, spans: readonly Span[]): Field {
  const loose = spans.find((s) => s.loose)?.loose;
  if (loose)
    return {
      input,
      since: loose.since,
      unknown: "what one element sees is no window that moves with its position",
    };
  return {
    input,
    size: spans.map((s) => s.high - s.low + 1),
    stride: spans.map((s) => s.stride),
    offset: spans.map((s) => s.low),
  };
}

const NOWHERE: ReadonlySet<number> = new Set();

/** `layer`: what the node is a part of, or itself. */
function through(node: OpNode, known: ReadonlyMap<Node, Fields>, layer: OpNode): Fields {
  const { expr, at } = meaning(node);
  const reading: Reading = { layer: layer.origin.name, at };
  const dimsOf = (indices: readonly Index[]): ReadonlySet<number> =>
    new Set(indices.flatMap((i) => [...axesOf(i)].map((a) => at.indexOf(a)).filter((d) => d >= 0)));
  const joined = (parts: readonly Fields[], choice: ReadonlySet<number>): Fields => {
    const all = new Map<string, readonly Span[]>();
    for (const [name, spans] of parts.flatMap((p) => [...p])) {
      const before = all.get(name);
      all.set(name, before ? spans.map((s, i) => union(must(before[i], "span"), s, choice, reading)) : spans);
    }
    return all;
  };
  const seen = new Map<Expr, Fields>(); // expressions share parts
  const fieldsOf = (e: Expr): Fields => {
    const before = seen.get(e);
    if (before) return before;
    const own = fieldsWithin(e);
    seen.set(e, own);
    return own;
  };
  const fieldsWithin = (e: Expr): Fields => {
    if (e.kind === "load")
      return mapped(known.get(e.from) ?? new Map(), (span) =>
        compose(span, e.index, e.from.type.shape, reading),
      );
    const parts = children(e).map(fieldsOf);
    if (e.kind === "guard") return joined(parts, dimsOf(e.bounds.map((b) => b.index)));
    const masks = children(e).flatMap((child, i) =>
      parts[i]?.size === 0 ? comparedIn(child, e.kind === "call" && e.fn === "select" && i === 0) : [],
    );
    const all = joined(parts, NOWHERE);
    return masks.length > 0 ? mapped(all, (span) => masked(span, dimsOf(masks), reading)) : all;
  };
  return fieldsOf(expr);
}

function mapped(fields: Fields, f: (span: Span) => Span): Fields {
  return new Map([...fields].map(([name, spans]) => [name, spans.map(f)]));
}

/** The positions that an expression compares: a factor that is 0 or 1, or what `select` goes by. */
function comparedIn(e: Expr, inside: boolean): readonly Index[] {
  if (e.kind === "position") return inside ? [e.index] : [];
  return children(e).flatMap((child) => comparedIn(child, inside || (e.kind === "call" && e.fn === "less")));
}
