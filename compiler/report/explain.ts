/**
 * Where one number of a tensor comes from: its op's index expression at that element, with the numbers that stand there. What a
 * kernel does for all elements at once is here done for one, so that it can be followed by eye.
 */
import type { Atom, Axis, Bound, Expr, Index, Node, OpNode, Reduce, ReduceOp } from "../ir/expr.ts";
import { ExprPrinter } from "../ir/print.ts";
import { children, freeAxes, literal, mapChildren, opContext, tensorsOf } from "../math/build.ts";
import { scalars } from "../ops/scalar.ts";

/** One element of a tensor. */
export interface Element {
  readonly node: Node;
  /** A number for each axis; of the batch, which example. */
  readonly index: readonly number[];
  readonly value: number;
}

/** What a term multiplies: an element, or something that is computed of several. */
export interface Factor {
  readonly value: number;
  readonly element?: Element;
  /** It is outside of the tensor: nothing is read. */
  readonly padding?: true;
  /** Of what is computed: with its numbers, `exp(0.3 − 2.1)`. */
  readonly text: string;
}

/** One step of a sum, a product, a maximum or a minimum. */
export interface Term {
  /** Where it is, by axis. */
  readonly at: readonly number[];
  readonly value: number;
  /** One at least. */
  readonly factors: readonly Factor[];
}

/** What goes over several elements. */
export interface Reduction {
  readonly op: ReduceOp;
  readonly axes: readonly { readonly name: string; readonly extent: number }[];
  /** `Σ_{c<6, u<5, v<5} …` */
  readonly formula: string;
  readonly value: number;
  /** In the order of the axes, the last one fastest; undefined where there are more than `MOST_TERMS`. */
  readonly terms: readonly Term[] | undefined;
  readonly count: number;
}

export interface Explanation {
  readonly element: Element;
  /** `conv1[n, c, h, w] = (Σ_{…} …) + conv1.bias[c]` */
  readonly formula: string;
  /** The same with this element's numbers, reductions as what they come to: `1.213 + 0.021`. */
  readonly numbers: string;
  /** Those that stand in no other one. */
  readonly reductions: readonly Reduction[];
  /** What is read besides. */
  readonly elements: readonly Element[];
}

/** Terms that are listed; of what has more, the value alone. */
export const MOST_TERMS = 65_536;

/** What is known of a run with one example. */
export interface Known {
  /** A tensor's values in row-major order; undefined where they are not known. */
  values(node: Node): ArrayLike<number> | undefined;
  /** What a size is that a run decides, besides the batch, which is 1. */
  size(name: string): number;
}

/** What an element's explanation reads, all of whose values have to be known. */
export const operandsOf = (node: OpNode): readonly Node[] =>
  tensorsOf(node.op.define(node.attrs, opContext(node))).filter((n) => n.kind !== "const");

/** Whether there is a formula for an element: a recurrence, for one, is written out in steps. */
export const isExplained = (node: Node): node is OpNode =>
  node.kind === "op" && node.op.written === undefined;

/** Throws `RangeError` where the values of an operand are not known. */
export function explain(node: OpNode, index: readonly number[], known: Known): Explanation {
  const context = opContext(node);
  const meaning = node.op.define(node.attrs, context);
  const at = new Map(context.at.map((axis, i) => [axis, index[i] ?? 0]));
  const there = new Evaluation(known);
  const print = new ExprPrinter();
  for (const axis of context.at) print.name(axis); // in this order, so that they keep their plain names
  const left = `${node.origin.name}[${context.at.map((axis) => print.name(axis)).join(", ")}]`;
  const formula = `${left} = ${print.expr(meaning)}`;
  const { reductions, loads } = topOf(meaning, at, there);
  return {
    element: { node, index, value: there.value(meaning, at) },
    formula,
    numbers: withSigns(new ExprPrinter().expr(there.settled(meaning, at))),
    reductions: reductions.map((e) => reductionOf(e, at, there, print)),
    elements: loads.map((e) => there.element(e, at)),
  };
}

/** Numbers as formulas have them: `11 − 0.25`, not `11 + -0.25`. */
const withSigns = (text: string): string =>
  text.replaceAll("+ -", "− ").replaceAll("− -", "+ ").replaceAll("-", "−");

type Places = ReadonlyMap<Axis, number>;
type Load = Extract<Expr, { kind: "load" }>;

/** What stands outermost, as far as its guards hold. */
function topOf(
  e: Expr,
  at: Places,
  there: Evaluation,
): { readonly reductions: readonly Reduce[]; readonly loads: readonly Load[] } {
  const [reductions, loads] = [new Set<Reduce>(), new Set<Load>()];
  const walk = (x: Expr): void => {
    if (x.kind === "reduce") reductions.add(x);
    else if (x.kind === "load") loads.add(x);
    else if (x.kind === "guard") walk(there.branch(x, at));
    else for (const child of children(x)) walk(child);
  };
  walk(e);
  return { reductions: [...reductions], loads: [...loads].filter((l) => l.from.kind !== "const") };
}

function reductionOf(e: Reduce, at: Places, there: Evaluation, print: ExprPrinter): Reduction {
  const extents = e.axes.map((axis) => there.extent(axis));
  const count = extents.reduce((a, b) => a * b, 1);
  const terms =
    count > MOST_TERMS ? undefined : [...placesOf(e.axes, extents, at)].map((p) => termOf(e, p, there));
  return {
    op: e.op,
    axes: e.axes.map((axis, i) => ({ name: print.name(axis), extent: extents[i] ?? 1 })),
    formula: print.expr(e),
    value: there.value(e, at),
    terms,
    count,
  };
}

function termOf(e: Reduce, at: Places, there: Evaluation): Term {
  return {
    at: e.axes.map((axis) => at.get(axis) ?? 0),
    value: there.value(e.body, at),
    factors: factorsOf(e.body).map((f) => factorOf(f, at, there)),
  };
}

/** `a · b · c` by its factors. */
const factorsOf = (e: Expr): readonly Expr[] =>
  e.kind === "call" && e.fn === "mul" ? e.args.flatMap(factorsOf) : [e];

function factorOf(e: Expr, at: Places, there: Evaluation): Factor {
  const value = there.value(e, at);
  const inner = e.kind === "guard" ? there.branch(e, at) : e;
  if (inner.kind === "load" && inner.from.kind !== "const")
    return { value, element: there.element(inner, at), text: "" };
  const padding = e.kind === "guard" && inner.kind === "const" && inner === e.otherwise;
  return {
    value,
    ...(padding && { padding }),
    text: withSigns(new ExprPrinter().expr(there.settled(e, at))),
  };
}

/** All places of some axes, the last one fastest, with those around them. */
function* placesOf(axes: readonly Axis[], extents: readonly number[], around: Places): Generator<Places> {
  const at = axes.map(() => 0);
  const count = extents.reduce((a, b) => a * b, 1);
  for (let i = 0; i < count; i++) {
    yield new Map([...around, ...axes.map((axis, k) => [axis, at[k] ?? 0] as const)]);
    for (let k = axes.length - 1; k >= 0; k--) {
      at[k] = (at[k] ?? 0) + 1;
      if ((at[k] ?? 0) < (extents[k] ?? 1)) break;
      at[k] = 0;
    }
  }
}

const STARTS: Readonly<Record<ReduceOp, number>> = { sum: 0, prod: 1, max: -Infinity, min: Infinity };
const STEPS: Readonly<Record<ReduceOp, (a: number, b: number) => number>> = {
  sum: (a, b) => a + b,
  prod: (a, b) => a * b,
  max: Math.max,
  min: Math.min,
};

/** Digits of a number that stands in a line of others. */
const short = (value: number): number => Number(value.toPrecision(4));

/** Values of expressions at places. */
class Evaluation {
  readonly #known: Known;
  /** Of reductions, by the places of the axes that they depend on: one in another one's body is computed once. */
  readonly #reduced = new Map<
    Reduce,
    { readonly axes: readonly Axis[]; readonly values: Map<string, number> }
  >();

  constructor(known: Known) {
    this.#known = known;
  }

  extent({ extent }: Pick<Axis, "extent">): number {
    return typeof extent === "number" ? extent : extent === "N" ? 1 : this.#known.size(extent.name);
  }

  element({ from, index }: Load, at: Places): Element {
    const place = index.map((i) => this.#index(i, at));
    return { node: from, index: place, value: this.#read(from, place) };
  }

  holds(bounds: readonly Bound[], at: Places): boolean {
    return bounds.every((bound) => {
      const index = this.#index(bound.index, at);
      return index >= 0 && index < this.extent(bound);
    });
  }

  branch(e: Extract<Expr, { kind: "guard" }>, at: Places): Expr {
    return this.holds(e.bounds, at) ? e.then : e.otherwise;
  }

  /** With numbers in the place of all that is read, counted or reduced. */
  settled(e: Expr, at: Places): Expr {
    if (e.kind === "guard") return this.settled(this.branch(e, at), at);
    if (e.kind === "call") return mapChildren(e, (child) => this.settled(child, at));
    const value = this.value(e, at);
    return Number.isFinite(value) ? literal(short(value)) : e;
  }

  value(e: Expr, at: Places): number {
    switch (e.kind) {
      case "const":
        return e.value;
      case "size":
        return this.extent({ extent: e.of });
      case "position":
        return this.#index(e.index, at);
      case "load":
        return this.element(e, at).value;
      case "call":
        return scalars[e.fn].js(...e.args.map((arg) => this.value(arg, at)));
      case "guard":
        return this.value(this.branch(e, at), at);
      case "reduce":
        return this.#reduce(e, at);
      default:
        return Number.NaN; // rates, random numbers and accumulators: of trainings and kernels
    }
  }

  #reduce(e: Reduce, at: Places): number {
    const memory = this.#reduced.get(e) ?? { axes: [...freeAxes(e)], values: new Map<string, number>() };
    this.#reduced.set(e, memory);
    const key = memory.axes.map((axis) => at.get(axis)).join();
    let value = memory.values.get(key);
    if (value === undefined) {
      value = STARTS[e.op];
      const extents = e.axes.map((axis) => this.extent(axis));
      for (const place of placesOf(e.axes, extents, at))
        value = STEPS[e.op](value, this.value(e.body, place));
      memory.values.set(key, value);
    }
    return value;
  }

  #index({ constant, terms }: Index, at: Places): number {
    return terms.reduce((sum, { coefficient, atom }) => sum + coefficient * this.#atom(atom, at), constant);
  }

  #atom(atom: Atom, at: Places): number {
    if (atom.kind === "axis") return at.get(atom) ?? 0;
    if (atom.kind === "lookup") {
      const found = this.#read(
        atom.from,
        atom.index.map((i) => this.#index(i, at)),
      );
      return Math.min(this.extent(atom) - 1, Math.max(0, found));
    }
    const of = this.#index(atom.of, at);
    const quotient = Math.floor(of / atom.by);
    return atom.kind === "div" ? quotient : of - atom.by * quotient;
  }

  #read(node: Node, index: readonly number[]): number {
    if (node.kind === "const") return node.value;
    const values = this.#known.values(node);
    if (!values) throw new RangeError(`the values of ${node.origin.name} are not known`);
    const { shape } = node.type;
    const at = index.reduce((sum, i, axis) => sum * this.extent({ extent: shape[axis] ?? 1 }) + i, 0);
    return values[at] ?? Number.NaN;
  }
}
