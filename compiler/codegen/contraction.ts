/**
 * The contraction skeleton: each thread keeps a register tile of the accumulator, walks the summed axes, and
 * applies the epilogue to its tile. Convolutions, dense layers, matrix products and all of their gradients are
 * this one form (implicit GEMM; Chetlur et al., "cuDNN", 2014).
 */

import { must } from "../errors.ts";
import type { Axis, Expr, Index, Substitution } from "../ir/expr.ts";
import { type ContractionKernel, type ContractionSchedule, TERMS } from "../ir/kernel.ts";
import { add, axisIndex, constant, newAxis, scale } from "../math/affine.ts";
import { freeAxes, substitute, visit } from "../math/build.ts";
import type { Width } from "../ops/scalar.ts";
import type { Element } from "./bindings.ts";
import { isStaged, placeBlock } from "./block.ts";
import { storeTile } from "./epilogue.ts";
import { declareQuad, fetchTogether } from "./quads.ts";
import { type Factors, type Read, walkBlocks } from "./stage.ts";
import { type Accumulator, axisInBlocks, cutsOf, extentOf, inBlock, type Sum, zeroOf } from "./sums.ts";
import { combineParts, loopTogether } from "./team.ts";
import { type Held, type Position, placeThread, registerPositions, type Tiled } from "./threads.ts";
import { positionsOf } from "./values.ts";
import type { Writer } from "./writer.ts";

export function contractionTiles(schedule: ContractionSchedule): readonly Tiled[] {
  return schedule.order.map((axis) => ({ axis, tile: schedule.tile.get(axis) ?? 1 }));
}

export function writeContraction(
  writer: Writer,
  kernel: ContractionKernel,
  schedule: ContractionSchedule,
  outWidth: Width,
): void {
  const { lane } = writer;
  const { quads } = schedule;
  const block = isStaged(schedule) ? placeBlock(writer, kernel, schedule) : undefined;
  const { held: space, busy } =
    block ?? placeThread(writer, contractionTiles(schedule), lane, schedule.vector?.axis, quads?.lanes);
  if (quads) declareQuad(writer);
  const window = kernel.window.map(holdWhole);
  const held = kernel.axes.map((a) =>
    must(
      [...space, ...window].find((h) => h.axis === a),
      "held axis",
    ),
  );
  const tile = registerPositions(held);
  const width: Width =
    lane && held.some((h) => h.axis === schedule.vector?.axis) ? (lane.extent as Width) : 1;
  const sums = tile.map((): Accumulator => ({ name: writer.name("acc"), width }));
  const names = sums.map((s) => s.name);
  for (const name of names) writer.push({ kind: "var", name, value: zeroOf(width) });

  const [lhs, rhs] = [registersOf(kernel.lhs, held), registersOf(kernel.rhs, held)];
  const addUp = (steps: readonly Factors[], into: readonly Accumulator[]): void => {
    const terms = tile.map((position) => {
      const products = steps.map(([left, right]) => `${left(position)} * ${right(position)}`);
      return products.join(" + ");
    });
    terms.forEach((value, i) => {
      writer.push({ kind: "assign", target: must(into[i], "accumulator").name, op: "+=", value });
    });
  };
  const { team } = schedule;
  if (block && isStaged(schedule)) walkBlocks(writer, kernel, schedule, block, window, sums, addUp);
  else
    walk(writer, kernel.k, schedule, sums, (steps, into) => {
      if (quads) fetchTogether(writer, elementsOf(writer, quads.factor === "lhs" ? lhs : rhs, tile, steps));
      for (const some of inParts(steps, TERMS))
        addUp(
          some.map((at) => [factorAt(writer, lhs, at), factorAt(writer, rhs, at)] as const),
          into,
        );
    });

  if (team) combineParts(writer, "sum", sums, team, schedule.workgroup);

  const store = (): void =>
    storeTile(writer, kernel, { space, held, names, width }, schedule.looped, outWidth);
  // A quad, a team, and a workgroup with a stage work on as a whole; what is not asked for is not stored.
  const conditions = [...(quads || team ? ["live"] : []), ...(team ? ["member == 0"] : []), ...busy];
  if (conditions.length === 0) store();
  else writer.nested(store, (body) => ({ kind: "if", condition: conditions.join(" && "), body }));
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

const slotOf = ({ axes }: Factor, position: Position): string =>
  axes.map((i) => position.registers[i]).join();

/** A factor at one step of the sum: evaluated once for each combination of the register axes it depends on. */
function factorAt(writer: Writer, factor: Factor, at: Substitution): Read {
  const known = new Map<string, string>();
  return (position) => {
    const slot = slotOf(factor, position);
    const text =
      known.get(slot) ?? writer.value(substitute(factor.value, new Map([...at, ...position.at]))).text;
    known.set(slot, text);
    return text;
  };
}

/** The distinct array elements that a factor reads in some steps. */
function elementsOf(
  writer: Writer,
  factor: Factor,
  tile: readonly Position[],
  steps: readonly Substitution[],
): readonly Element[] {
  const found = new Map<string, Element>();
  const positions = new Map(tile.map((position) => [slotOf(factor, position), position]));
  for (const at of steps)
    for (const position of positions.values())
      visit(substitute(factor.value, new Map([...at, ...position.at])), (e) => {
        if (e.kind !== "load") return;
        for (const element of writer.elementsOf(e)) found.set(writer.elementKey(element), element);
      });
  return [...found.values()];
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
  writer: Writer,
  axes: readonly Axis[],
  { unroll, team }: ContractionSchedule,
  sums: readonly Accumulator[],
  body: (steps: readonly Substitution[], into: readonly Accumulator[]) => void,
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
  if (team) {
    const loops = looped.map((l) => l.axis);
    loopTogether(writer, loops, team, sum, (at, into) =>
      body(
        written.map((w) => new Map([...at, ...w])),
        into,
      ),
    );
    return;
  }
  const overs = looped.map(
    ({ axis, block }): Axis =>
      axis.extent === "N" || block === 1 ? axis : newAxis(axis.name, Math.floor(axis.extent / block)),
  );
  const cuts = cutsOf(overs.map(extentOf), sum);
  const from = (i: number, at: Substitution, into: readonly Accumulator[]): void => {
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
      axisInBlocks(writer, axis, cut, into, (parts) => from(i + 1, inside(axisIndex(axis)), parts));
      return;
    }
    const steps = (base: Index, count: number, parts: readonly Accumulator[]): void => {
      const places = Array.from({ length: count }, (_, s) => inside(add(base, s)));
      body(
        places.flatMap((p) => written.map((w) => new Map([...p, ...w]))),
        parts,
      );
    };
    axisInBlocks(writer, over, cut, into, (parts) => steps(scale(axisIndex(over), block), block, parts));
    const done = extentOf(over) * block;
    const rest = extentOf(axis) - done;
    const tail = (parts: readonly Accumulator[]): void => steps(constant(done), rest, parts);
    if (rest > 0 && cut.length > 0) inBlock(writer, into, tail);
    else if (rest > 0) tail(into);
  };
  from(0, new Map(), sums);
}
