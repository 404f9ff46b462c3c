/**
 * The contraction skeleton: each thread keeps a register tile of the accumulator, walks the summed axes, and applies the
 * epilogue to its tile. Convolutions, dense layers, matrix products and all of their gradients are this one form
 * (implicit GEMM; Chetlur et al., "cuDNN", 2014). Strategies say where threads are and how they walk.
 */

import { must } from "../errors.ts";
import type { Axis, Expr, Index, Substitution } from "../ir/expr.ts";
import { type ContractionKernel, TERMS } from "../ir/kernel.ts";
import { boundOf, isKnown } from "../ir/type.ts";
import type { Value, Variable, Width } from "../ir/value.ts";
import { add, axisIndex, constant, newAxis, scale } from "../math/affine.ts";
import { freeAxes, substitute } from "../math/build.ts";
import { allOf, float, plus, times } from "../math/value.ts";
import { storeTile } from "./epilogue.ts";
import { type Lowering, positionsOf } from "./evaluate.ts";
import { axisInBlocks, cutsOf, extentOf, inBlock, type Sum } from "./sums.ts";
import { type Held, type Position, registerPositions, type Vector } from "./threads.ts";

/** A factor's value at a register position, at the current step. */
export type Read = (position: Position) => Value;

/** Both factors at one step of the sum. */
export type Factors = readonly [left: Read, right: Read];

/** A thread's register tile while it is summed. */
export interface Accumulation {
  /** What the thread holds of the space, and of the window. */
  readonly space: readonly Held[];
  readonly window: readonly Held[];
  readonly held: readonly Held[];
  readonly tile: readonly Position[];
  readonly sums: readonly Variable[];
  /** Adds the products of some steps to accumulators: to `sums` in the end. */
  add(steps: readonly Factors[], into: readonly Variable[]): void;
  /** Both factors at a step. */
  factors(at: Substitution): Factors;
}

/** Declares the accumulators of a thread that holds `space`. So many products are summed before they are added: `terms`. */
export function accumulate(
  lowering: Lowering,
  kernel: ContractionKernel,
  space: readonly Held[],
  vector: Vector | undefined,
  terms = TERMS,
): Accumulation {
  const window = kernel.window.map(holdWhole);
  const held = kernel.axes.map((a) =>
    must(
      [...space, ...window].find((h) => h.axis === a),
      "held axis",
    ),
  );
  const tile = registerPositions(held);
  const isWide =
    vector !== undefined && (held.some((h) => h.axis === vector.axis) || kernel.k.includes(vector.axis));
  const width = isWide ? (vector.lane.extent as Width) : 1;
  const sums = tile.map(() => lowering.var("acc", float(0, width)));
  const [lhs, rhs] = [registersOf(kernel.lhs, held), registersOf(kernel.rhs, held)];
  return {
    space,
    window,
    held,
    tile,
    sums,
    factors: (at) => [factorAt(lowering, lhs, at), factorAt(lowering, rhs, at)],
    add(steps, into) {
      for (const some of inParts(steps, terms)) {
        const products = tile.map((position) =>
          some.map(([left, right]) => times(left(position), right(position))).reduce(plus),
        );
        products.forEach((term, i) => {
          lowering.assign(must(into[i], "accumulator"), "+=", term);
        });
      }
    },
  };
}

/** Stores what was summed, where all conditions hold. */
export function finish(
  lowering: Lowering,
  kernel: ContractionKernel,
  { space, held, sums }: Accumulation,
  conditions: readonly Value[],
  looped = false,
): void {
  lowering.if(allOf(conditions), () => storeTile(lowering, kernel, { space, held, sums }, looped));
}

/** A list in order, cut into as few parts of at most `most` as there can be, of about the same size. */
function inParts<T>(list: readonly T[], most: number): readonly (readonly T[])[] {
  const count = Math.ceil(list.length / most);
  const cut = (i: number): number => Math.ceil((i * list.length) / count);
  return Array.from({ length: count }, (_, i) => list.slice(cut(i), cut(i + 1)));
}

/** A factor, and which of the held axes it depends on. */
interface Factor {
  readonly value: Expr;
  readonly axes: readonly number[];
}

function registersOf(value: Expr, held: readonly Held[]): Factor {
  const used = freeAxes(value);
  return { value, axes: [...held.keys()].filter((i) => used.has(must(held[i], "held axis").axis)) };
}

/** A factor at one step of the sum: evaluated once for each combination of the register axes it depends on. */
function factorAt(lowering: Lowering, factor: Factor, at: Substitution): Read {
  const known = new Map<string, Value>();
  return (position) => {
    const slot = factor.axes.map((i) => position.registers[i]).join();
    const value =
      known.get(slot) ?? lowering.value(substitute(factor.value, new Map([...at, ...position.at])));
    known.set(slot, value);
    return value;
  };
}

/** A window axis is in registers as a whole. */
function holdWhole(axis: Axis): Held {
  const at = Array.from({ length: axis.extent as number }, (_, r) => constant(r)); // windows have known extents
  return { axis, at, owned: at.map(() => undefined) };
}

/** The steps of the axes that are written out whole, and the other axes. */
export function writtenOut(
  axes: readonly Axis[],
  unroll: ReadonlyMap<Axis, number>,
): { readonly written: readonly Substitution[]; readonly looped: readonly Axis[] } {
  const whole = axes.filter((a) => unroll.get(a) === a.extent);
  return { written: positionsOf(whole), looped: axes.filter((a) => !whole.includes(a)) };
}

/** What loops over summed axes of which so many steps are written out add up. */
export function sumOf(sums: readonly Variable[], steps: number, terms = TERMS): Sum {
  return { into: sums, each: Math.ceil(steps / terms), levels: 1 };
}

/**
 * Loops over the summed axes; `body` gets the steps that are written out together, and the accumulators that their
 * products belong to. A block that does not divide its axis leaves a tail.
 */
export function walk(
  lowering: Lowering,
  axes: readonly Axis[],
  unroll: ReadonlyMap<Axis, number>,
  sums: readonly Variable[],
  body: (steps: readonly Substitution[], into: readonly Variable[]) => void,
  terms = TERMS,
): void {
  const { written, looped: rest } = writtenOut(axes, unroll);
  // The axis that is cut into blocks is the innermost loop.
  const blocked = (a: Axis): number => (unroll.has(a) ? 1 : 0);
  const looped = rest
    .map((axis) => ({ axis, block: unroll.get(axis) ?? 1 }))
    .toSorted((a, b) => blocked(a.axis) - blocked(b.axis));
  const sum = sumOf(sums, written.length * Math.max(1, ...looped.map((l) => l.block)), terms);
  const overs = looped.map(
    ({ axis, block }): Axis =>
      isKnown(axis.extent) && block > 1 ? newAxis(axis.name, Math.floor(axis.extent / block)) : axis,
  );
  const cuts = cutsOf(
    overs.map((a) => boundOf(a.extent)),
    sum,
  );
  const from = (i: number, at: Substitution, into: readonly Variable[]): void => {
    const [loop, over, cut = []] = [looped[i], overs[i], cuts[i]];
    if (!loop || !over) {
      body(
        written.map((w) => new Map([...at, ...w])),
        into,
      );
      return;
    }
    const { axis, block } = loop;
    const inside = (index: Index): Substitution => new Map([...at, [axis, index]]);
    if (over === axis) {
      axisInBlocks(lowering, axis, cut, into, (parts) => from(i + 1, inside(axisIndex(axis)), parts));
      return;
    }
    const steps = (base: Index, count: number, parts: readonly Variable[]): void => {
      const places = Array.from({ length: count }, (_, s) => inside(add(base, s)));
      body(
        places.flatMap((p) => written.map((w) => new Map([...p, ...w]))),
        parts,
      );
    };
    axisInBlocks(lowering, over, cut, into, (parts) => steps(scale(axisIndex(over), block), block, parts));
    const done = extentOf(over) * block;
    const left = extentOf(axis) - done;
    const tail = (parts: readonly Variable[]): void => steps(constant(done), left, parts);
    if (left > 0 && cut.length > 0) inBlock(lowering, into, tail);
    else if (left > 0) tail(into);
  };
  from(0, new Map(), sums);
}
