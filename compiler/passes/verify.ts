/** Checks of every stage's data. A breach is a bug of ours: `InternalError`. */
import { STORAGE_BUFFERS } from "../../contract/limits.ts";
import { showShape } from "../../contract/shapes.ts";
import type { Dim } from "../../contract/type.ts";
import { InternalError, must } from "../errors.ts";
import type { Axis, Bound, Expr, Index, Lookup } from "../ir/expr.ts";
import type { Graph, Node } from "../ir/graph.ts";
import { type Kernel, valuesOf } from "../ir/kernel.ts";
import { nameOf, type Region } from "../ir/region.ts";
import { boundOf, elements, isBatch, isKnown, sameShape, showCount, sizeAt } from "../ir/type.ts";
import { add, alwaysInside, div, indexAt, rangeOf, scale } from "../math/affine.ts";
import { lookupsIn, type Read, tensorsOf } from "../math/build.ts";
import { readsAt } from "./analysis.ts";
import { effectsOf, tensorsBound } from "./order.ts";

/**
 * Operands precede users, inferred types are what `infer` says, and inputs and parameters have names of their own.
 * `known` are nodes whose types were checked before.
 */
export function verifyGraph(graph: Graph, known: ReadonlySet<Node> = new Set()): void {
  const seen = new Set<Node>();
  const names = new Set<string>();
  for (const node of graph.nodes) {
    const { name } = node.origin;
    if (node.kind === "op") {
      for (const input of node.inputs)
        if (!seen.has(input)) throw broken(`${name} precedes its operand ${input.origin.name}`);
    }
    if (node.kind === "op" && !known.has(node)) {
      const { shape } = node.op.infer(
        node.attrs,
        node.inputs.map((i) => i.type),
      );
      if (!sameShape(shape, node.type.shape)) {
        throw broken(`${name} has type ${showShape(node.type.shape)}, inferred ${showShape(shape)}`);
      }
    }
    // Programs know inputs and parameters by their names; what lies between them is known by itself.
    if (node.kind === "input" || node.kind === "param") {
      if (names.has(name)) throw broken(`two tensors are called ${name}`);
      names.add(name);
    }
    seen.add(node);
  }
  for (const { node } of graph.outputs)
    if (!seen.has(node)) throw broken(`output ${node.origin.name} is not listed`);
}

/** Every load is in range under the guards around it; every tensor read is listed. */
export function verifyRegion(region: Region): void {
  const reads = new Set(region.reads);
  const seen = new Map<readonly Bound[], Set<Expr>>();
  const read = ({ from, index }: Read, known: readonly Bound[]): void => {
    if (!reads.has(from)) throw broken(`${nameOf(region)} reads ${from.origin.name} unlisted`);
    index.forEach((part, d) => {
      const bound = { index: part, extent: must(from.type.shape[d], "dimension") };
      if (!proved(bound, known) && refuted(bound, known))
        throw broken(`${nameOf(region)} may read ${from.origin.name} out of range in dimension ${d}`);
    });
  };
  const walk = (e: Expr, known: readonly Bound[]): void => {
    const before = seen.get(known);
    if (before?.has(e)) return;
    if (before) before.add(e);
    else seen.set(known, new Set([e]));
    for (const looked of lookupsIn(e)) read(looked, known);
    switch (e.kind) {
      case "load":
        read(e, known);
        return;
      case "call":
        for (const a of e.args) walk(a, known);
        return;
      case "guard":
        walk(e.then, [...known, ...e.bounds]);
        walk(e.otherwise, known);
        return;
      case "reduce":
        walk(e.body, known);
        return;
      default:
        return;
    }
  };
  const nothing: readonly Bound[] = [];
  for (const { value } of region.results) walk(value, nothing);
}

/** Bounds that are combined to prove another: an index is a sum of few axes. */
const MOST_BOUNDS = 3;

/** Points that are tried where no proof is found, and the batch size of these. */
const TRIALS = 500;
const TRIAL_BATCH = 3;

/**
 * Whether a point is found where all known bounds hold and this one does not. Ranges do not see all that divisions imply,
 * so what cannot be proved is tried, at the ends of the axes and between them.
 */
function refuted(bound: Bound, known: readonly Bound[]): boolean {
  const moving = [...new Set([bound, ...known].flatMap((b) => movingIn(b.index)))];
  const next = pseudoRandom();
  const size = (extent: Dim): number => sizeAt(extent, TRIAL_BATCH);
  for (let trial = 0; trial < TRIALS; trial++) {
    const point = new Map(
      moving.map((atom) => {
        const last = size(atom.extent) - 1;
        const way = next();
        return [atom, way < 0.2 ? 0 : way < 0.4 ? last : Math.floor(next() * (last + 1))] as const;
      }),
    );
    const holds = ({ index, extent }: Bound): boolean => {
      const at = indexAt(index, point);
      return at >= 0 && at < size(extent);
    };
    if (known.every(holds) && !holds(bound)) return true;
  }
  return false;
}

/** The axes of an index, and what it looks up: any number of its range. */
function movingIn({ terms }: Index): readonly (Axis | Lookup)[] {
  return terms.flatMap(({ atom }) => ("extent" in atom ? [atom] : movingIn(atom.of)));
}

/** In [0, 1), the same numbers each time (Numerical Recipes' linear congruence). */
function pseudoRandom(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** From its range alone, or as a sum of multiples of known bounds' indices plus something whose range is known. */
function proved({ index, extent }: Bound, known: readonly Bound[]): boolean {
  if (alwaysInside({ index, extent })) return true;
  if (!isKnown(extent)) return known.some((b) => b.extent === extent && b.index === index);
  return within(index, 0, extent - 1, known, MOST_BOUNDS);
}

/** Whether low ≤ index ≤ high wherever the bounds hold. */
function within(index: Index, low: number, high: number, known: readonly Bound[], depth: number): boolean {
  const range = rangeOf(index);
  if (range.low >= low && range.high <= high) return true;
  // low ≤ rest + ⌊of/by⌋ ≤ high  ⇔  low·by ≤ rest·by + of ≤ high·by + by − 1
  for (const term of index.terms) {
    if (term.atom.kind !== "div" || term.coefficient !== 1) continue;
    const { of, by } = term.atom;
    const rest = add(index, scale(div(of, by), -1));
    const whole = add(scale(rest, by), of);
    if (within(whole, low * by, high * by + by - 1, known, depth)) return true;
  }
  if (depth === 0) return false;
  return known.some((bound, i) => {
    const { extent } = bound;
    if (isBatch(extent)) return false;
    const end = boundOf(extent) - 1;
    return multiples(index, bound.index).some((by) => {
      const [least, most] = [Math.min(0, by * end), Math.max(0, by * end)];
      const rest = add(index, scale(bound.index, -by));
      return within(rest, low - least, high - most, known.slice(i + 1), depth - 1);
    });
  });
}

/** The whole numbers of times that a term of `part` goes into the same term of `index`. */
function multiples(index: Index, part: Index): readonly number[] {
  const by = part.terms.flatMap((t) => {
    const same = index.terms.find((u) => u.atom === t.atom);
    const ratio = (same?.coefficient ?? 0) / t.coefficient;
    return ratio !== 0 && Number.isInteger(ratio) ? [ratio] : [];
  });
  return [...new Set(by)];
}

/**
 * What a kernel reads is listed and fits its buffers. Each result has a place for every element, within the tensor; what
 * it overwrites is read there alone, and no result is read.
 */
export function verifyKernel(kernel: Kernel): void {
  const { space, reads, results } = kernel;
  const values = valuesOf(kernel);
  const kernelName = nameOf(kernel);
  for (const tensor of values.flatMap(tensorsOf))
    if (!reads.includes(tensor))
      throw broken(`the kernel of ${kernelName} reads ${tensor.origin.name} unlisted`);
  const buffers = tensorsBound(effectsOf(kernel)).length;
  if (buffers > STORAGE_BUFFERS)
    throw broken(`the kernel of ${kernelName} has ${buffers} storage buffers, more than ${STORAGE_BUFFERS}`);
  for (const { root, place, overwrites } of results) {
    const { name } = root.origin;
    const { shape } = root.type;
    if (shape.lastIndexOf("N") > 0) throw broken(`the kernel of ${name} stores N behind another dimension`);
    const inside = place.every((index, d) => alwaysInside({ index, extent: must(shape[d], "dimension") }));
    if (place.length !== shape.length || !inside) throw broken(`the kernel of ${name} stores outside of it`);
    const [have, want] = [elements(space.map((a) => a.extent)), elements(shape)];
    if (have.fixed !== want.fixed || have.perBatch !== want.perBatch)
      throw broken(`the kernel of ${name} has ${showCount(have)} positions for ${showCount(want)} elements`);
    if (reads.includes(root)) throw broken(`the kernel of ${name} reads what it stores`);
    if (
      overwrites &&
      !readsAt(
        values.map((value) => ({ value })),
        overwrites,
        place,
      )
    )
      throw broken(`the kernel of ${name} overwrites ${overwrites.origin.name}, which it reads elsewhere`);
  }
}

export function broken(what: string): InternalError {
  return new InternalError(`verification failed: ${what}`);
}
