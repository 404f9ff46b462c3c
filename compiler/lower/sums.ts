/**
 * Long sums. An accumulator that takes up n terms one by one may be off by n·u·Σ|x|, where u = 2⁻²⁴: from 2²⁴ on, adding
 * 1 changes nothing. So each block of terms has an accumulator of its own, whose sum is then one term of the next one's
 * (Higham, "Accuracy and Stability of Numerical Algorithms", 2002, section 4.2). docs/numerics.md states the bounds.
 */
import { must } from "../errors.ts";
import type { Axis, ReduceOp } from "../ir/expr.ts";
import { boundOf, lengthOf } from "../ir/type.ts";
import type { Value, Variable } from "../ir/value.ts";
import { apply, float, int, least, plus, sizeValue, times } from "../math/value.ts";
import { LOWEST } from "../ops/scalar.ts";
import type { Builder, Span } from "./builder.ts";

/** Terms that an accumulator takes up, at most. */
const BLOCK = 1024;
/**
 * Sums of so many terms are left to one accumulator: where there are many, a second one of each costs registers. The
 * longest of ResNet are 3 · 3 · 512.
 */
const LONG = 5 * BLOCK;

/** What the turns of some loops add up. */
export interface Sum {
  readonly into: readonly Variable[];
  /** Terms that one turn of the innermost loop adds to each of them. */
  readonly each: number;
  /** Further accumulators that there may be for each: a register more costs a tile much, and a single sum nothing. */
  readonly levels: number;
}

/** Loops that add nothing up. */
export const NOTHING: Sum = { into: [], each: 1, levels: 0 };

/** A loop, to be built as one or in blocks of turns. */
export interface Loop {
  /** What its variable is called. */
  readonly stem: string;
  /** What the variable is counted from: absent where it is the turn itself. */
  readonly from?: Value;
  /** Default: 0. */
  readonly start?: Value;
  readonly end: Value;
  readonly step: number;
  /** How often it runs; infinite where a run decides that. */
  readonly turns: number;
}

/** How a loop is cut, outermost first: into blocks of so many turns each, which have accumulators of their own. */
type Cuts = readonly number[];

/**
 * How a nest of loops, outermost first, is cut so that no accumulator but the last takes up more than `BLOCK` terms, or
 * none where there are few.
 */
export function cutsOf(turns: readonly number[], { each, levels }: Omit<Sum, "into">): readonly Cuts[] {
  if (turns.reduce((a, n) => a * n, each) <= LONG) return turns.map(() => []);
  let [terms, left] = [each, levels];
  return turns
    .toReversed()
    .map((count) => {
      const cuts: number[] = [];
      let [rest, size] = [count, 1];
      while (left > 0 && terms * rest > BLOCK) {
        const taken = blockOf(rest, terms);
        size *= taken;
        cuts.unshift(size);
        rest = Math.ceil(rest / taken);
        terms = 1;
        left--;
      }
      terms *= rest;
      return cuts;
    })
    .toReversed();
}

/** Turns of a block: as many as fit, or a few less that leave no rest; always more than half of what fits. */
function blockOf(turns: number, terms: number): number {
  const most = Math.max(1, Math.floor(BLOCK / terms));
  for (let n = most; 2 * n * terms > BLOCK; n--) if (turns % n === 0) return n;
  return most;
}

/** Builds a loop in blocks; `body` gets the turn's variable and the accumulators that its terms belong to. */
export function loopInBlocks(
  builder: Builder,
  loop: Loop,
  cuts: Cuts,
  into: readonly Variable[],
  body: (turn: Variable, into: readonly Variable[]) => void,
): void {
  const { stem, from, start, end, step } = loop;
  const [size, ...finer] = cuts;
  const built = (inside: (turn: Variable) => void, each: number): void =>
    builder.for(stem, { ...(start && { start }), end, step: each }, (counter) =>
      inside(from ? builder.let(stem, plus(from, counter)) : counter),
    );
  if (size === undefined) built((turn) => body(turn, into), step);
  else if (size === 1) built((turn) => inBlock(builder, into, (parts) => body(turn, parts)), step);
  else
    built((turn) => {
      const block = blockFrom(builder, loop, size, turn);
      inBlock(builder, into, (parts) => loopInBlocks(builder, block, finer, parts, body));
    }, size * step);
}

/** The loop over `size` turns from `turn` on. Drivers run it faster where they know its end. */
function blockFrom(
  builder: Builder,
  { stem, from, end, step, turns }: Loop,
  size: number,
  turn: Variable,
): Loop {
  if (turns % size === 0) return { stem, from: turn, end: int(size * step), step, turns: size };
  const all = from ? plus(from, end) : end;
  const last = builder.let("end", least(plus(turn, int(size * step)), all));
  return { stem, start: turn, end: last, step, turns: Number.POSITIVE_INFINITY };
}

/** A loop over an axis in blocks: from one end to the other, or over a part of it that a run decides. */
export function axisInBlocks(
  builder: Builder,
  axis: Axis,
  cuts: Cuts,
  into: readonly Variable[],
  body: (into: readonly Variable[]) => void,
  part?: Span,
): void {
  const whole = { end: sizeValue(axis.extent), turns: extentOf(axis) };
  const loop = {
    ...whole,
    ...(part && { ...part, turns: Number.POSITIVE_INFINITY }),
    stem: axis.name,
    step: 1,
  };
  loopInBlocks(builder, loop, cuts, into, (turn, parts) => {
    builder.bind(axis, turn);
    body(parts);
  });
}

/** Nested loops over axes, outermost first, of some over a part. */
export function nestInBlocks(
  builder: Builder,
  axes: readonly Axis[],
  sum: Sum,
  body: (into: readonly Variable[]) => void,
  parts: ReadonlyMap<Axis, Span> = new Map(),
): void {
  const cuts = cutsOf(
    axes.map((a) => boundOf(a.extent)),
    sum,
  );
  const from = (i: number, into: readonly Variable[]): void => {
    const axis = axes[i];
    if (axis === undefined) body(into);
    else axisInBlocks(builder, axis, cuts[i] ?? [], into, (sums) => from(i + 1, sums), parts.get(axis));
  };
  from(0, sum.into);
}

export const extentOf = ({ extent }: Axis): number => lengthOf(extent);

/** What `body` adds up in accumulators of its own is one term of the others. */
export function inBlock(
  builder: Builder,
  into: readonly Variable[],
  body: (parts: readonly Variable[]) => void,
): void {
  const parts = into.map((total) => builder.var("part", zeroOf(total)));
  body(parts);
  into.forEach((total, i) => {
    builder.assign(total, "+=", must(parts[i], "part"));
  });
}

/** Zero, as wide as a value. */
export const zeroOf = ({ type }: Pick<Value, "type">): Value => float(0, type.width);

/** What a reduction begins with. */
const STARTS: Readonly<Record<ReduceOp, number>> = { sum: 0, prod: 1, max: LOWEST, min: -LOWEST };
export const startOf = (op: ReduceOp): number => STARTS[op];

/** Two terms of a reduction as one. */
export function combine(op: ReduceOp, a: Value, b: Value): Value {
  if (op === "sum") return plus(a, b);
  return op === "prod" ? times(a, b) : apply(op, a, b);
}
