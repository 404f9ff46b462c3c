/**
 * The mapReduce skeleton: each thread evaluates the result at its positions. Reductions inside the result are
 * evaluated where their variables are known, so those that do not depend on the serial axes run once per thread.
 */
import type { Team } from "../../contract/tuning.ts";
import type { Axis, Index, Substitution } from "../ir/expr.ts";
import type { MapReduceKernel, MapReduceSchedule } from "../ir/kernel.ts";
import { add, axisIndex, newAxis, scale, substitute as substituteIndex } from "../math/affine.ts";
import type { Width } from "../ops/scalar.ts";
import { storeResult } from "./store.ts";
import { NOTHING } from "./sums.ts";
import { loopTogether } from "./team.ts";
import { type Position, placeThread, registerPositions, type Tiled } from "./threads.ts";
import type { Writer } from "./writer.ts";

export function mapReduceTiles(kernel: MapReduceKernel, schedule: MapReduceSchedule): readonly Tiled[] {
  return kernel.space
    .filter((a) => !schedule.serial.includes(a))
    .map((axis) => ({ axis, tile: axis === schedule.vector?.axis ? schedule.vector.width : 1 }));
}

export function writeMapReduce(
  writer: Writer,
  kernel: MapReduceKernel,
  schedule: MapReduceSchedule,
  outWidth: Width,
): void {
  const { held } = placeThread(writer, mapReduceTiles(kernel, schedule), writer.lane, schedule.vector?.axis);
  const serial = kernel.space.filter((a) => schedule.serial.includes(a));
  const { team, workgroup } = schedule;
  if (team) {
    writer.together = { team, workgroup };
    for (const position of registerPositions(held)) {
      const store = (): void => storeTogether(writer, kernel, schedule, team, position, serial, outWidth);
      const condition = serial.length > 0 ? "live" : "live && member == 0";
      writer.nested(store, (body) => ({ kind: "if", condition, body }));
    }
    return;
  }
  for (const position of registerPositions(held)) {
    const walk = (axes: readonly Axis[], at: Substitution): void => {
      const [axis, ...rest] = axes;
      if (axis === undefined) {
        storeResult(writer, kernel, { ...position, at }, outWidth);
        return;
      }
      const { over, index } = steps(axis, schedule, writer.lane);
      writer.loop(over, () => walk(rest, new Map([...at, [axis, index]])));
    };
    walk(serial, position.at);
  }
}

/** What a team stores of a row: each member its own positions. */
function storeTogether(
  writer: Writer,
  kernel: MapReduceKernel,
  schedule: MapReduceSchedule,
  team: Team,
  position: Position,
  serial: readonly Axis[],
  outWidth: Width,
): void {
  if (serial.length === 0) {
    storeResult(writer, kernel, position, outWidth);
    return;
  }
  const walked = serial.map((axis) => ({ axis, ...steps(axis, schedule, writer.lane) }));
  const overs = walked.map((w) => w.over);
  loopTogether(writer, overs, team, NOTHING, (at) => {
    const here = walked.map((w) => [w.axis, substituteIndex(w.index, at)] as const);
    storeResult(writer, kernel, { ...position, at: new Map([...position.at, ...here]) }, outWidth);
  });
}

/** The loop variable of a serial axis, and the axis in terms of it: whole vectors where the axis holds the lane. */
function steps(
  axis: Axis,
  schedule: MapReduceSchedule,
  lane: Axis | undefined,
): { readonly over: Axis; readonly index: Index } {
  if (axis !== schedule.vector?.axis || !lane) return { over: axis, index: axisIndex(axis) };
  const { width } = schedule.vector;
  const over = newAxis(axis.name, (axis.extent as number) / width);
  return { over, index: add(scale(axisIndex(over), width), axisIndex(lane)) };
}
