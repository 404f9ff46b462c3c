/**
 * Schedules: how a kernel is tiled on a target. Rules are tried in order; each either returns a schedule or
 * passes, and the last one is always legal. Numbers of a target stand in one record.
 */
import type { Team } from "../../contract/tuning.ts";
import type { Axis, Reduce } from "../ir/expr.ts";
import type { Kernel, MapReduceKernel, MapReduceSchedule, Schedule } from "../ir/kernel.ts";
import type { Storages } from "../ir/storage.ts";
import { isKnown } from "../ir/type.ts";
import { freeAxes, visit } from "../math/build.ts";
import { scheduleStaged } from "./stage.ts";
import { extentOf, positionsAt, type Target, vectorOver, vectorWidth } from "./target.ts";
import { nearest, scheduleTeam, teamOf } from "./team.ts";
import { scheduleContraction } from "./tile.ts";

export function schedule(kernel: Kernel, target: Target, storages: Storages): Schedule {
  if (kernel.kind === "mapReduce") return scheduleMapReduce(kernel, target, storages);
  return (
    scheduleStaged(kernel, target) ??
    scheduleTeam(kernel, target, storages) ??
    scheduleContraction(kernel, target, storages)
  );
}

/** Reductions longer than this are loops: axes they do not depend on are walked inside the thread that ran them. */
const SHORT = 16;

function scheduleMapReduce(kernel: MapReduceKernel, target: Target, storages: Storages): MapReduceSchedule {
  const depends = new Set<Axis>();
  const long: Reduce[] = [];
  let reduces = false;
  for (const { value } of kernel.results)
    visit(value, (e) => {
      if (e.kind !== "reduce") return;
      reduces = true;
      if (e.axes.reduce((a, x) => a * extentOf(x), 1) <= SHORT) return;
      long.push(e);
      for (const axis of freeAxes(e)) depends.add(axis);
    });
  const serial = long.length > 0 ? kernel.space.filter((a) => !depends.has(a) && isKnown(a.extent)) : [];
  const last = kernel.space.at(-1);
  // What runs once is not worth vectors, which take three times as long to build.
  const once = kernel.region.phase === "prepare";
  const inner = last && !once && (serial.includes(last) || !reduces) ? last : undefined;
  const rows = kernel.space.filter((a) => !serial.includes(a));
  const team = teamOfRows(rows, long, target, storages);
  const plain: MapReduceSchedule = {
    kind: "mapReduce",
    workgroup: target.workgroup,
    serial: serial,
    vector: vectorOver(inner, vectorWidth(inner)),
    opaque: target.opaque,
    team: null,
    rule: serial.length > 0 ? "a thread per row" : "a thread per position",
  };
  return team ? withTeam(plain, team) : plain;
}

/** The same with a team in the place of each thread. */
export function withTeam(plain: MapReduceSchedule, team: Team): MapReduceSchedule {
  return { ...plain, team, rule: plain.rule.replace("a thread", `a team of ${team.size}`) };
}

/** A team for each row where there are few rows, and long reductions. */
function teamOfRows(
  rows: readonly Axis[],
  long: readonly Reduce[],
  target: Target,
  storages: Storages,
): Team | null {
  const [first] = long;
  if (!first) return null;
  const size = (axes: readonly Axis[]): number => positionsAt(axes, target);
  const places = rows.map((axis) => ({ axis, step: 1 }));
  const steps = Math.max(...long.map((e) => size(e.axes)));
  return teamOf(target, size(rows), steps, nearest(long, first.axes, places, storages));
}
