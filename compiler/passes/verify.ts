/** Checks of every stage's data. A breach is a bug of ours: `InternalError`. */
import { InternalError } from "../errors.ts";
import type { Bound, Expr, Index } from "../ir/expr.ts";
import type { Graph, Node } from "../ir/graph.ts";
import type { Program } from "../ir/program.ts";
import type { Region } from "../ir/region.ts";
import { sameShape, showShape } from "../ir/type.ts";
import { add, alwaysInside, div, rangeOf, scale } from "../math/affine.ts";

/** Operands precede users, inferred types are what `infer` says, and names are unique. */
export function verifyGraph(graph: Graph): void {
  const seen = new Set<Node>();
  const names = new Set<string>();
  for (const node of graph.nodes) {
    const { name } = node.origin;
    if (node.kind === "op") {
      for (const input of node.inputs)
        if (!seen.has(input)) throw broken(`${name} precedes its operand ${input.origin.name}`);
      const { shape } = node.op.infer(
        node.attrs,
        node.inputs.map((i) => i.type),
      );
      if (!sameShape(shape, node.type.shape)) {
        throw broken(`${name} has type ${showShape(node.type.shape)}, inferred ${showShape(shape)}`);
      }
    }
    if (node.kind !== "const" && node.kind !== "scalar") {
      if (names.has(name)) throw broken(`two nodes are called ${name}`);
      names.add(name);
    }
    seen.add(node);
  }
  for (const { node } of graph.outputs)
    if (!seen.has(node)) throw broken(`output ${node.origin.name} is not listed`);
}

/** Every load is provably in range under the guards around it; every tensor read is listed. */
export function verifyRegion(region: Region): void {
  const reads = new Set(region.reads);
  const walk = (e: Expr, known: readonly Bound[]): void => {
    switch (e.kind) {
      case "load":
        if (!reads.has(e.from))
          throw broken(`${region.root.origin.name} reads ${e.from.origin.name} unlisted`);
        e.index.forEach((index, d) => {
          const extent = e.from.type.shape[d];
          if (extent === undefined || !proved({ index, extent }, known))
            throw broken(
              `${region.root.origin.name} may read ${e.from.origin.name} out of range in dimension ${d}`,
            );
        });
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
  walk(region.value, []);
}

/** Bounds that are combined to prove another: an index is a sum of few axes. */
const MOST_BOUNDS = 3;

/** From its range alone, or as a sum of multiples of known bounds' indices plus something whose range is known. */
function proved({ index, extent }: Bound, known: readonly Bound[]): boolean {
  if (alwaysInside({ index, extent })) return true;
  if (extent === "N") return known.some((b) => b.extent === "N" && b.index === index);
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
    if (extent === "N") return false;
    return multiples(index, bound.index).some((by) => {
      const [least, most] = [Math.min(0, by * (extent - 1)), Math.max(0, by * (extent - 1))];
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

/** Dispatches name buffers and kernels that exist, and what is read was written before. */
export function verifyProgram(program: Program): void {
  const written = new Set([...program.inputs, ...program.params].map((s) => s.buffer));
  if (program.order !== undefined) written.add(program.order);
  for (const dispatch of [...program.prepare, ...program.dispatches]) {
    const kernel = program.kernels[dispatch.kernel];
    if (!kernel) throw broken(`dispatch of ${dispatch.layers.join(", ")} names kernel ${dispatch.kernel}`);
    if (kernel.bindings.length !== dispatch.buffers.length) {
      throw broken(
        `${kernel.name} has ${kernel.bindings.length} bindings, the dispatch ${dispatch.buffers.length}`,
      );
    }
    for (const [i, binding] of kernel.bindings.entries()) {
      const buffer = dispatch.buffers[i];
      if (buffer === undefined || !program.buffers[buffer])
        throw broken(`${kernel.name} names buffer ${buffer}`);
      if (binding.access === "read" && !written.has(buffer))
        throw broken(`${kernel.name} reads ${binding.name} before it is written`);
      if (binding.access !== "read") {
        if (dispatch.buffers.indexOf(buffer) !== i)
          throw broken(`${kernel.name} reads and writes buffer ${buffer}`);
        written.add(buffer);
      }
    }
    if (kernel.bindings.length > 8)
      throw broken(`${kernel.name} has ${kernel.bindings.length} storage buffers, more than 8`);
  }
  for (const o of program.outputs)
    if (!written.has(o.buffer)) throw broken(`output ${o.name} is never written`);
}

function broken(what: string): InternalError {
  return new InternalError(`verification failed: ${what}`);
}
