/**
 * The contraction skeleton: each thread keeps a register tile of the accumulator, walks the summed axes, and
 * applies the epilogue to its tile. Convolutions, dense layers, matrix products and all of their gradients are
 * this one form (implicit GEMM; Chetlur et al., "cuDNN", 2014).
 */

import { must } from "../errors.ts";
import type { Axis, Expr, Index, Substitution } from "../ir/expr.ts";
import { type ContractionKernel, type ContractionSchedule, TERMS } from "../ir/kernel.ts";
import { isKnown } from "../ir/type.ts";
import type { Value, Variable, Width } from "../ir/value.ts";
import { add, axisIndex, constant, newAxis, scale } from "../math/affine.ts";
import { freeAxes, substitute } from "../math/build.ts";
import { allOf, binary, float, int, plus, times } from "../math/value.ts";
import { isStaged, placeBlock } from "./block.ts";
import type { Entry } from "./entry.ts";
import { storeTile } from "./epilogue.ts";
import { type Lowering, positionsOf } from "./evaluate.ts";
import { type Factors, type Read, walkBlocks } from "./stage.ts";
import { axisInBlocks, cutsOf, extentOf, inBlock, type Sum } from "./sums.ts";
import { combineParts, loopTogether, type Members } from "./team.ts";
import { type Held, placeThread, registerPositions, type Tiled, type Vector } from "./threads.ts";

export function contractionTiles(schedule: ContractionSchedule): readonly Tiled[] {
  return schedule.order.map((axis) => ({ axis, tile: schedule.tile.get(axis) ?? 1 }));
}

export function lowerContraction(
  lowering: Lowering,
  { thread, live, members }: Entry,
  kernel: ContractionKernel,
  schedule: ContractionSchedule,
  vector: Vector | undefined,
): void {
  const { quads } = schedule;
  const block = isStaged(schedule) ? placeBlock(lowering, thread, kernel, schedule, vector) : undefined;
  const { held: space, busy } =
    block ?? placeThread(lowering, thread, contractionTiles(schedule), vector, quads?.lanes);
  const window = kernel.window.map(holdWhole);
  const held = kernel.axes.map((a) =>
    must(
      [...space, ...window].find((h) => h.axis === a),
      "held axis",
    ),
  );
  const tile = registerPositions(held);
  const isWide = vector !== undefined && held.some((h) => h.axis === vector.axis);
  const width = isWide ? (vector.lane.extent as Width) : 1;
  const sums = tile.map(() => lowering.var("acc", float(0, width)));

  const [lhs, rhs] = [registersOf(kernel.lhs, held), registersOf(kernel.rhs, held)];
  const addUp = (steps: readonly Factors[], into: readonly Variable[]): void => {
    const terms = tile.map((position) =>
      steps.map(([left, right]) => times(left(position), right(position))).reduce(plus),
    );
    terms.forEach((term, i) => {
      lowering.assign(must(into[i], "accumulator"), "+=", term);
    });
  };
  if (block && isStaged(schedule)) walkBlocks(lowering, kernel, schedule, block, window, sums, addUp);
  else
    walk(lowering, kernel.k, schedule, members, sums, (steps, into) => {
      const factors = steps.map((at) => [factorAt(lowering, lhs, at), factorAt(lowering, rhs, at)] as const);
      if (quads) {
        const shared = factors.map(([left, right]) => (quads.factor === "lhs" ? left : right));
        lowering.push({ kind: "share", values: [...new Set(shared.flatMap((read) => tile.map(read)))] });
      }
      for (const some of inParts(factors, TERMS)) addUp(some, into);
    });

  if (members) combineParts(lowering, "sum", sums, members);
  // A quad, a team, and a workgroup with a stage work on as a whole; what is not asked for is not stored.
  const first = members ? [binary("==", members.member, int(0))] : [];
  lowering.if(allOf([...(live ? [live] : []), ...first, ...busy]), () =>
    storeTile(lowering, kernel, { space, held, sums }, schedule.looped),
  );
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

/**
 * Loops over the summed axes; `body` gets the steps that are written out together, and the accumulators that their
 * products belong to. A block that does not divide its axis leaves a tail.
 */
function walk(
  lowering: Lowering,
  axes: readonly Axis[],
  { unroll }: ContractionSchedule,
  members: Members | undefined,
  sums: readonly Variable[],
  body: (steps: readonly Substitution[], into: readonly Variable[]) => void,
): void {
  const whole = axes.filter((a) => unroll.get(a) === a.extent);
  const written = positionsOf(whole);
  // The axis that is cut into blocks is the innermost loop.
  const blocked = (a: Axis): number => (unroll.has(a) ? 1 : 0);
  const looped = axes
    .filter((a) => !whole.includes(a))
    .map((axis) => ({ axis, block: unroll.get(axis) ?? 1 }))
    .toSorted((a, b) => blocked(a.axis) - blocked(b.axis));
  const most = written.length * Math.max(1, ...looped.map((l) => l.block));
  const sum: Sum = { into: sums, each: Math.ceil(most / TERMS), levels: 1 };
  if (members) {
    const loops = looped.map((l) => l.axis);
    loopTogether(lowering, loops, members, sum, (at, into) =>
      body(
        written.map((w) => new Map([...at, ...w])),
        into,
      ),
    );
    return;
  }
  const overs = looped.map(
    ({ axis, block }): Axis =>
      isKnown(axis.extent) && block > 1 ? newAxis(axis.name, Math.floor(axis.extent / block)) : axis,
  );
  const cuts = cutsOf(overs.map(extentOf), sum);
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
    const rest = extentOf(axis) - done;
    const tail = (parts: readonly Variable[]): void => steps(constant(done), rest, parts);
    if (rest > 0 && cut.length > 0) inBlock(lowering, into, tail);
    else if (rest > 0) tail(into);
  };
  from(0, new Map(), sums);
}
