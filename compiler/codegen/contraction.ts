/**
 * The contraction skeleton: each thread keeps a register tile of the accumulator, walks the summed axes, and
 * applies the epilogue to its tile. Convolutions, dense layers, matrix products and all of their gradients are
 * this one form (implicit GEMM; Chetlur et al., "cuDNN", 2014).
 */

import { must } from "../errors.ts";
import type { Axis, Expr, Index } from "../ir/expr.ts";
import type { ContractionKernel, ContractionSchedule } from "../ir/kernel.ts";
import { add, axesOf, axisIndex, constant, scale, substitute as substituteIndex } from "../math/affine.ts";
import { freeAxes, substitute } from "../math/build.ts";
import { type Width, wgslType } from "../ops/scalar.ts";
import { storeResult } from "./store.ts";
import { type Held, type Position, placeThread, registerPositions, type Tiled } from "./threads.ts";
import type { Writer } from "./writer.ts";

export function contractionTiles(kernel: ContractionKernel, schedule: ContractionSchedule): readonly Tiled[] {
  return schedule.order.map((key) => {
    const axis = must(
      kernel.space.find((a) => a.key === key),
      "scheduled axis",
    );
    return { axis, tile: schedule.tile.get(key) ?? 1 };
  });
}

export function writeContraction(
  writer: Writer,
  kernel: ContractionKernel,
  schedule: ContractionSchedule,
  outWidth: Width,
): void {
  const { lane } = writer;
  const space = placeThread(writer, contractionTiles(kernel, schedule), lane, schedule.vector?.axis);
  const window = kernel.window.map(holdWhole);
  const held = kernel.axes.map((a) =>
    must(
      [...space, ...window].find((h) => h.axis.key === a.key),
      "held axis",
    ),
  );
  const tile = registerPositions(held);
  const width: Width =
    lane && held.some((h) => h.axis.key === schedule.vector?.axis) ? (lane.extent as Width) : 1;
  const names = tile.map(() => writer.name("acc"));
  for (const name of names) {
    writer.push({ kind: "var", name, value: width === 1 ? "0.0" : `${wgslType(width)}(0.0)` });
  }
  const bySlot = new Map(tile.map((p, i) => [p.registers.join(), must(names[i], "accumulator")]));

  const lhs = factor(kernel.lhs, held);
  const rhs = factor(kernel.rhs, held);
  walk(writer, kernel.k, schedule, new Map(), (at) => {
    const [left, right] = [lhs(writer, at), rhs(writer, at)];
    tile.forEach((position, i) => {
      const value = `${left(position)} * ${right(position)}`;
      writer.push({ kind: "assign", target: must(names[i], "accumulator"), op: "+=", value });
    });
  });

  const slots = held.map((h) => slotsOf(h, lane));
  writer.accumulator = (index) => {
    const found = index.map((part, i) => must(slots[i]?.get(part.key), "accumulator position"));
    const text = must(bySlot.get(found.map((f) => f.register).join()), "accumulator");
    const component = found.find((f) => f.component !== undefined)?.component;
    return component === undefined
      ? { text, width, depth: 0 }
      : { text: `${text}.${component}`, width: 1, depth: 0 };
  };
  for (const position of registerPositions(space)) {
    storeResult(writer, kernel, position, outWidth);
  }
}

interface Slot {
  readonly register: number;
  /** Of the vector, where one component is meant: a guard may split a vector. */
  readonly component?: string;
}

/** Which register holds an index of a held axis, and which component where the index is that of one lane. */
function slotsOf({ at }: Held, lane: Axis | undefined): ReadonlyMap<string, Slot> {
  const slots = new Map<string, Slot>();
  at.forEach((index, register) => {
    slots.set(index.key, { register });
    if (!lane || !axesOf(index).has(lane.key)) return;
    for (let l = 0; l < (lane.extent as number); l++) {
      const single = substituteIndex(index, new Map([[lane.key, constant(l)]]));
      slots.set(single.key, { register, component: "xyzw"[l] ?? "x" });
    }
  });
  return slots;
}

type FactorAt = (writer: Writer, at: ReadonlyMap<string, Index>) => (position: Position) => string;

/** A factor at one step of the sum: evaluated once for each combination of the register axes it depends on. */
function factor(e: Expr, held: readonly Held[]): FactorAt {
  const used = freeAxes(e);
  const axes = [...held.keys()].filter((i) => used.has(must(held[i], "held axis").axis.key));
  return (writer, at) => {
    const known = new Map<string, string>();
    return (position) => {
      const slot = axes.map((i) => position.registers[i]).join();
      const text = known.get(slot) ?? writer.value(substitute(e, new Map([...at, ...position.at]))).text;
      known.set(slot, text);
      return text;
    };
  };
}

/** A window axis is in registers as a whole. */
function holdWhole(axis: Axis): Held {
  const at = Array.from({ length: axis.extent as number }, (_, r) => constant(r)); // windows have known extents
  return { axis, at, owned: at.map(() => undefined) };
}

/** Loops over the summed axes, then the unrolled ones; a block that does not divide its axis leaves a tail. */
function walk(
  writer: Writer,
  axes: readonly Axis[],
  schedule: ContractionSchedule,
  at: ReadonlyMap<string, Index>,
  body: (at: ReadonlyMap<string, Index>) => void,
): void {
  const looped = axes.filter((a) => schedule.unroll.get(a.key) !== a.extent);
  const [axis, ...rest] = [...looped, ...axes.filter((a) => !looped.includes(a))];
  if (axis === undefined) {
    body(at);
    return;
  }
  const inner = (index: Index): void =>
    walk(writer, rest, schedule, new Map([...at, [axis.key, index]]), body);
  const block = schedule.unroll.get(axis.key) ?? 1;
  const steps = (base: Index, count: number): void => {
    for (let i = 0; i < count; i++) inner(add(base, i));
  };
  if (axis.extent === "N" || block === 1) writer.loop(axis, () => inner(axisIndex(axis)));
  else if (axis.extent === block) steps(constant(0), block);
  else {
    const blocks: Axis = { key: `${axis.key}^`, name: axis.name, extent: Math.floor(axis.extent / block) };
    writer.loop(blocks, () => steps(scale(axisIndex(blocks), block), block));
    const done = Math.floor(axis.extent / block) * block;
    steps(constant(done), axis.extent - done);
  }
}
