/**
 * Long sums. An accumulator that takes up n terms one by one may be off by n·u·Σ|x|, where u = 2⁻²⁴: from 2²⁴ on, adding
 * 1 changes nothing. So each block of terms has an accumulator of its own, whose sum is then one term of the next one's
 * (Higham, "Accuracy and Stability of Numerical Algorithms", 2002, section 4.2). docs/numerics.md states the bounds.
 */
import type { Axis } from "../ir/expr.ts";
import { type Width, wgslType } from "../ops/scalar.ts";
import type { Scopes } from "./scopes.ts";

/** Terms that an accumulator takes up, at most. */
const BLOCK = 1024;
/**
 * Sums of so many terms are left to one accumulator: where there are many, a second one of each costs registers. The
 * longest of ResNet are 3 · 3 · 512.
 */
const LONG = 5 * BLOCK;

export interface Accumulator {
  readonly name: string;
  readonly width: Width;
}

/** What the turns of some loops add up. */
export interface Sum {
  readonly into: readonly Accumulator[];
  /** Terms that one turn of the innermost loop adds to each of them. */
  readonly each: number;
  /** Further accumulators that there may be for each: a register more costs a tile much, and a single sum nothing. */
  readonly levels: number;
}

/** Loops that add nothing up. */
export const NOTHING: Sum = { into: [], each: 1, levels: 0 };

/** A loop, to be written as one or in blocks of turns. */
export interface Loop {
  /** What its variable is called. */
  readonly stem: string;
  /** What the variable is counted from: absent where it is the turn itself. */
  readonly from?: string;
  /** Default: 0. */
  readonly start?: string;
  readonly end: string | number;
  readonly step: number;
  /** How often it runs; infinite where that depends on N. */
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

/** Writes a loop in blocks; `body` gets the turn's variable and the accumulators that its terms belong to. */
export function loopInBlocks(
  writer: Scopes,
  loop: Loop,
  cuts: Cuts,
  into: readonly Accumulator[],
  body: (name: string, into: readonly Accumulator[]) => void,
): void {
  const { stem, from, start = "0", end, step } = loop;
  const [size, ...finer] = cuts;
  const counter = writer.name(stem);
  const written = (inside: (name: string) => void, each: number): void =>
    writer.nested(
      () => {
        const name = from === undefined ? counter : writer.name(stem);
        if (from !== undefined) writer.push({ kind: "let", name, value: `${from} + ${counter}` });
        inside(name);
      },
      (inner) => ({ kind: "for", name: counter, start, end, step: each, body: inner }),
    );
  if (size === undefined) written((name) => body(name, into), step);
  else if (size === 1) written((name) => inBlock(writer, into, (parts) => body(name, parts)), step);
  else
    written((name) => {
      const block = blockFrom(writer, loop, size, name);
      inBlock(writer, into, (parts) => loopInBlocks(writer, block, finer, parts, body));
    }, size * step);
}

/** The loop over `size` turns from `name` on. Drivers run it faster where they know its end. */
function blockFrom(writer: Scopes, { stem, from, end, step, turns }: Loop, size: number, name: string): Loop {
  if (turns % size === 0) return { stem, from: name, end: size * step, step, turns: size };
  const last = writer.name("end");
  const all = from === undefined ? end : `${from} + ${end}`;
  writer.push({ kind: "let", name: last, value: `min(${name} + ${size * step}, ${all})` });
  return { stem, start: name, end: last, step, turns: Number.POSITIVE_INFINITY };
}

/** A loop over an axis in blocks. */
export function axisInBlocks(
  writer: Scopes,
  axis: Axis,
  cuts: Cuts,
  into: readonly Accumulator[],
  body: (into: readonly Accumulator[]) => void,
): void {
  const end = axis.extent === "N" ? writer.batch().text : axis.extent;
  const loop = { stem: axis.name, end, step: 1, turns: extentOf(axis) };
  loopInBlocks(writer, loop, cuts, into, (name, parts) => {
    writer.declare(axis, name);
    body(parts);
  });
}

/** Nested loops over axes, outermost first. */
export function nestInBlocks(
  writer: Scopes,
  axes: readonly Axis[],
  sum: Sum,
  body: (into: readonly Accumulator[]) => void,
): void {
  const cuts = cutsOf(axes.map(extentOf), sum);
  const from = (i: number, into: readonly Accumulator[]): void => {
    const axis = axes[i];
    if (axis === undefined) body(into);
    else axisInBlocks(writer, axis, cuts[i] ?? [], into, (parts) => from(i + 1, parts));
  };
  from(0, sum.into);
}

export const extentOf = ({ extent }: Axis): number => (extent === "N" ? Number.POSITIVE_INFINITY : extent);

/** What `body` adds up in accumulators of its own is one term of the others. */
export function inBlock(
  writer: Scopes,
  into: readonly Accumulator[],
  body: (parts: readonly Accumulator[]) => void,
): void {
  const parts = into.map(({ width }) => ({ name: writer.name("part"), width }));
  for (const { name, width } of parts) writer.push({ kind: "var", name, value: zeroOf(width) });
  body(parts);
  for (const [i, { name }] of into.entries())
    writer.push({ kind: "assign", target: name, op: "+=", value: `${parts[i]?.name}` });
}

export const zeroOf = (width: Width): string => (width === 1 ? "0.0" : `${wgslType(width)}(0.0)`);
