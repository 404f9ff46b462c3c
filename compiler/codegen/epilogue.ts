/**
 * The end of a contraction: what is made of a thread's accumulators is stored, written out position by position or
 * in loops over the register tile.
 */
import { must } from "../errors.ts";
import type { Axis, Index } from "../ir/expr.ts";
import type { ContractionKernel } from "../ir/kernel.ts";
import {
  add,
  axesOf,
  axisIndex,
  constant,
  newAxis,
  scale,
  substitute as substituteIndex,
} from "../math/affine.ts";
import { type Width, wgslType } from "../ops/scalar.ts";
import type { Value } from "./scopes.ts";
import { storeResult } from "./store.ts";
import { type Held, registerPositions } from "./threads.ts";
import type { Writer } from "./writer.ts";

/** The accumulators of one thread. */
export interface Accumulators {
  /** The positions of the result. */
  readonly space: readonly Held[];
  /** Those of each axis of the accumulator: of `space` and of the window. */
  readonly held: readonly Held[];
  /** Variables, in the order of `registerPositions(held)`. */
  readonly names: readonly string[];
  readonly width: Width;
}

/** Applies the epilogue to every position of the tile. */
export function storeTile(
  writer: Writer,
  kernel: ContractionKernel,
  tile: Accumulators,
  looped: boolean,
  outWidth: Width,
): void {
  const rolls = looped ? tile.space.flatMap((h) => rollOf(h) ?? []) : [];
  if (rolls.length === 0) storeWritten(writer, kernel, tile, outWidth);
  else storeLooped(writer, kernel, tile, rolls, outWidth);
}

function storeWritten(
  writer: Writer,
  kernel: ContractionKernel,
  { space, held, names, width }: Accumulators,
  outWidth: Width,
): void {
  const slots = held.map(({ at }) => slotsOf(at, writer.lane));
  const bySlot = new Map(
    registerPositions(held).map((p, i) => [p.registers.join(), must(names[i], "accumulator")]),
  );
  writer.accumulator = (index) => {
    const found = foundIn(slots, index);
    const text = must(bySlot.get(found.map((f) => f.register).join()), "accumulator");
    return componentOf({ text, width, depth: 0 }, found);
  };
  for (const position of registerPositions(space)) storeResult(writer, kernel, position, outWidth);
}

/** The accumulators become an array, which is walked. */
function storeLooped(
  writer: Writer,
  kernel: ContractionKernel,
  { space, held, names, width }: Accumulators,
  rolls: readonly Roll[],
  outWidth: Width,
): void {
  const array = writer.name("tile");
  const type = `array<${wgslType(width)}, ${names.length}>`;
  writer.push({ kind: "var", name: array, value: `${type}(${names.join(", ")})` });

  const rolled = (h: Held): Held => rolls.find((r) => r.held.axis === h.axis)?.single ?? h;
  const slots = held.map((h) => slotsOf(rolled(h).at, writer.lane));
  writer.accumulator = (index) => {
    const found = foundIn(slots, index);
    let place = constant(0);
    held.forEach((h, i) => {
      const roll = rolls.find((r) => r.held.axis === h.axis);
      const register = roll ? axisIndex(roll.counter) : constant(must(found[i], "register").register);
      place = add(scale(place, h.at.length), register);
    });
    const at = writer.index(place);
    const whole = writer.named(`a:${at.text}`, "acc", () => ({
      text: `${array}[${at.text}]`,
      width,
      depth: at.depth,
    }));
    return componentOf(whole, found);
  };
  const walk = ([roll, ...rest]: readonly Roll[]): void => {
    if (roll === undefined) {
      for (const position of registerPositions(space.map(rolled)))
        storeResult(writer, kernel, position, outWidth);
      return;
    }
    const name = writer.name(roll.counter.name);
    writer.nested(
      () => {
        writer.declare(roll.counter, name);
        walk(rest);
      },
      // A bound that the driver cannot see, or it writes the loop out again.
      (body) => ({ kind: "for", name, end: roll.held.at.length, opaque: true, step: 1, body }),
    );
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
  readonly component?: string;
}

/** Which register holds an index of a held axis, and which component where the index is that of one lane. */
function slotsOf(at: readonly Index[], lane: Axis | undefined): ReadonlyMap<Index, Slot> {
  const slots = new Map<Index, Slot>();
  at.forEach((index, register) => {
    slots.set(index, { register });
    if (!lane || !axesOf(index).has(lane)) return;
    for (let l = 0; l < (lane.extent as number); l++) {
      const single = substituteIndex(index, new Map([[lane, constant(l)]]));
      slots.set(single, { register, component: "xyzw"[l] ?? "x" });
    }
  });
  return slots;
}

function foundIn(slots: readonly ReadonlyMap<Index, Slot>[], index: readonly Index[]): readonly Slot[] {
  return index.map((part, i) => must(slots[i]?.get(part), "accumulator position"));
}

function componentOf(value: Value, found: readonly Slot[]): Value {
  const component = found.find((f) => f.component !== undefined)?.component;
  return component === undefined ? value : { ...value, text: `${value.text}.${component}`, width: 1 };
}
