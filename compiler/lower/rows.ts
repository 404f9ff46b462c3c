/**
 * The mapReduce skeleton: each thread evaluates the result at its positions. Reductions inside the result are
 * evaluated where their variables are known, so those that do not depend on the serial axes run once per thread.
 */
import type { Axis, Index, Substitution } from "../ir/expr.ts";
import type { MapReduceKernel, Schedule } from "../ir/kernel.ts";
import { add, axisIndex, newAxis, scale, substitute as substituteIndex } from "../math/affine.ts";
import { binary, int } from "../math/value.ts";
import type { Entry } from "./entry.ts";
import type { Lowering } from "./evaluate.ts";
import { storeResults } from "./store.ts";
import { NOTHING } from "./sums.ts";
import { loopTogether, type Members } from "./team.ts";
import { type Position, placeThread, registerPositions, type Tiled, type Vector } from "./threads.ts";

/** What threads are along: the axes that none of them walks. */
export function rowTiles(
  { space }: MapReduceKernel,
  { serial, tile }: Schedule & { readonly serial: readonly Axis[] },
): readonly Tiled[] {
  return space.filter((a) => !serial.includes(a)).map((axis) => ({ axis, tile: tile.get(axis) ?? 1 }));
}

/** Evaluates the result at each position; along `serial` in loops, of which each member of a team takes its own turns. */
export function lowerRows(
  lowering: Lowering,
  { thread, live, members, past }: Entry,
  kernel: MapReduceKernel,
  serial: readonly Axis[],
  tiles: readonly Tiled[],
  vector: Vector | undefined,
): void {
  const { held } = placeThread(lowering, thread, tiles, vector, past);
  const walked = kernel.space.filter((a) => serial.includes(a)).map((axis) => steps(axis, vector));
  for (const position of registerPositions(held)) {
    if (members && live) {
      const first = binary("==", members.member, int(0));
      lowering.if(walked.length > 0 ? live : binary("&&", live, first), () =>
        storeTogether(lowering, kernel, members, position, walked),
      );
      continue;
    }
    const walk = ([step, ...rest]: readonly Serial[], at: Substitution): void => {
      if (step === undefined) storeResults(lowering, kernel, { ...position, at });
      else lowering.loop(step.over, () => walk(rest, new Map([...at, [step.axis, step.index]])));
    };
    walk(walked, position.at);
  }
}

/** What a team stores of a row: each member its own positions. */
function storeTogether(
  lowering: Lowering,
  kernel: MapReduceKernel,
  members: Members,
  position: Position,
  serial: readonly Serial[],
): void {
  if (serial.length === 0) {
    storeResults(lowering, kernel, position);
    return;
  }
  const overs = serial.map((s) => s.over);
  loopTogether(lowering, overs, members, NOTHING, (at) => {
    const here = serial.map((s) => [s.axis, substituteIndex(s.index, at)] as const);
    storeResults(lowering, kernel, { ...position, at: new Map([...position.at, ...here]) });
  });
}

/** An axis that a thread walks: the variable of its loop, and the axis in terms of it. */
interface Serial {
  readonly axis: Axis;
  readonly over: Axis;
  readonly index: Index;
}

/** Whole vectors where the axis holds the lane. */
function steps(axis: Axis, vector: Vector | undefined): Serial {
  if (axis !== vector?.axis) return { axis, over: axis, index: axisIndex(axis) };
  const width = vector.lane.extent as number;
  const over = newAxis(axis.name, (axis.extent as number) / width);
  return { axis, over, index: add(scale(axisIndex(over), width), axisIndex(vector.lane)) };
}
