/**
 * The end of a contraction: what is made of a thread's accumulators is stored, written out position by position or
 * in loops over the register tile.
 */
import { must } from "../errors.ts";
import type { Axis, Index } from "../ir/expr.ts";
import type { ContractionKernel } from "../ir/kernel.ts";
import type { Value, Variable } from "../ir/value.ts";
import {
  add,
  axesOf,
  axisIndex,
  constant,
  newAxis,
  scale,
  substitute as substituteIndex,
} from "../math/affine.ts";
import { component, indexValue, int, loadFrom, named, newMemory } from "../math/value.ts";
import type { Lowering } from "./evaluate.ts";
import { storeResults } from "./store.ts";
import { type Held, registerPositions } from "./threads.ts";

/** The accumulators of one thread. */
export interface Accumulators {
  /** The positions of the result. */
  readonly space: readonly Held[];
  /** Those of each axis of the accumulator: of `space` and of the window. */
  readonly held: readonly Held[];
  /** In the order of `registerPositions(held)`. */
  readonly sums: readonly Variable[];
}

/** Applies the epilogue to every position of the tile. */
export function storeTile(
  lowering: Lowering,
  kernel: ContractionKernel,
  tile: Accumulators,
  looped: boolean,
): void {
  const rolls = looped ? tile.space.flatMap((h) => rollOf(h) ?? []) : [];
  if (rolls.length === 0) storeWritten(lowering, kernel, tile);
  else storeLooped(lowering, kernel, tile, rolls);
}

function storeWritten(
  lowering: Lowering,
  kernel: ContractionKernel,
  { space, held, sums }: Accumulators,
): void {
  const slots = held.map(({ at }) => slotsOf(at, lowering.lane));
  const bySlot = new Map(
    registerPositions(held).map((p, i) => [p.registers.join(), must(sums[i], "accumulator")]),
  );
  lowering.accumulator = (index) => {
    const found = foundIn(slots, index);
    return componentOf(must(bySlot.get(found.map((f) => f.register).join()), "accumulator"), found);
  };
  for (const position of registerPositions(space)) storeResults(lowering, kernel, position);
}

/** The accumulators become an array, which is walked. */
function storeLooped(
  lowering: Lowering,
  kernel: ContractionKernel,
  { space, held, sums }: Accumulators,
  rolls: readonly Roll[],
): void {
  const { type } = must(sums[0], "accumulator");
  const array = newMemory({ space: "private", stem: "tile", type, length: sums.length, writable: true });
  lowering.push({ kind: "array", array, values: sums });

  const rolled = (h: Held): Held => rolls.find((r) => r.held.axis === h.axis)?.single ?? h;
  const slots = held.map((h) => slotsOf(rolled(h).at, lowering.lane));
  lowering.accumulator = (index) => {
    const found = foundIn(slots, index);
    let place = constant(0);
    held.forEach((h, i) => {
      const roll = rolls.find((r) => r.held.axis === h.axis);
      const register = roll ? axisIndex(roll.counter) : constant(must(found[i], "register").register);
      place = add(scale(place, h.at.length), register);
    });
    return componentOf(named("acc", loadFrom(array, indexValue(place))), found);
  };
  const walk = ([roll, ...rest]: readonly Roll[]): void => {
    if (roll === undefined) {
      for (const position of registerPositions(space.map(rolled))) storeResults(lowering, kernel, position);
      return;
    }
    // A bound that the driver cannot see, or it writes the loop out again.
    lowering.for(roll.counter.name, { end: int(roll.held.at.length), opaque: true }, (at) => {
      lowering.bind(roll.counter, at);
      walk(rest);
    });
  };
  walk(rolls);
}

/** An axis whose positions are walked. */
interface Roll {
  readonly held: Held;
  readonly counter: Axis;
  /** The one position that stands for all. */
  readonly single: Held;
}

/** The loop over an axis's positions, if there are several at equal distances and all are the thread's own. */
function rollOf(held: Held): Roll | undefined {
  const { axis, at, owned } = held;
  const [first, second] = at;
  if (!first || !second || owned.some((o) => o !== undefined)) return undefined;
  const step = second.constant - first.constant;
  if (at.some((index, r) => index !== add(first, r * step))) return undefined;
  const counter = newAxis(axis.name, at.length);
  const index = add(first, scale(axisIndex(counter), step));
  return { held, counter, single: { axis, at: [index], owned: [undefined] } };
}

interface Slot {
  readonly register: number;
  /** Of the vector, where one component is meant: a guard may split a vector. */
  readonly lane?: number;
}

/** Which register holds an index of a held axis, and which component where the index is that of one lane. */
function slotsOf(at: readonly Index[], lane: Axis | undefined): ReadonlyMap<Index, Slot> {
  const slots = new Map<Index, Slot>();
  at.forEach((index, register) => {
    slots.set(index, { register });
    if (!lane || !axesOf(index).has(lane)) return;
    for (let l = 0; l < (lane.extent as number); l++)
      slots.set(substituteIndex(index, new Map([[lane, constant(l)]])), { register, lane: l });
  });
  return slots;
}

function foundIn(slots: readonly ReadonlyMap<Index, Slot>[], index: readonly Index[]): readonly Slot[] {
  return index.map((part, i) => must(slots[i]?.get(part), "accumulator position"));
}

function componentOf(value: Value, found: readonly Slot[]): Value {
  const lane = found.find((f) => f.lane !== undefined)?.lane;
  return lane === undefined ? value : component(value, lane);
}
